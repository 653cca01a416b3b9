/**
 * Three widgets of ipywidgets' protocol (jupyter-widgets 2.1, controls 2.0): a slider, a choice and a progress bar, as
 * far as this library needs them. A front end without widgets shows the value as text instead, and the value can still be
 * set by code.
 */
import { ConfigError } from "../../src/support/errors.js";
import { type CommChannel, kernelHost } from "./host.js";
import { type Displayable, displaySymbol, mime } from "./mime.js";

type State = { [key: string]: unknown };

/** A widget and its value. */
export interface Widget<T> extends Displayable {
  /** What the user chose last; setting it moves the widget. */
  value: T;
  /** Called with the new value when the user changes it. */
  onChange(handler: (value: T) => void): void;
  /** Takes the widget away. */
  close(): void;
}

interface Kind<T> {
  readonly model: string;
  readonly view: string;
  readonly style?: string;
  readonly state: State;
  /** Between the widget's `key` and the value that the cell sees. */
  readonly key: string;
  read(state: unknown): T;
  write(value: T): unknown;
  text(value: T): string;
}

const controls = { module: "@jupyter-widgets/controls", version: "2.0.0" };
const base = { module: "@jupyter-widgets/base", version: "2.0.0" };

/** The complete state of a model, with the names by which the front end finds its code. */
function stateOf(model: string, { module, version }: typeof controls, state: State, view?: string): State {
  return {
    _model_module: module,
    _model_module_version: version,
    _model_name: model,
    _view_module: view === undefined && module === controls.module ? base.module : module,
    _view_module_version: version,
    _view_name: view ?? (model === "LayoutModel" ? "LayoutView" : "StyleView"),
    ...state,
  };
}

function openModel(state: State): CommChannel {
  const data = { state, buffer_paths: [] };
  return kernelHost()!.jupyter.comms.open("jupyter.widget", data, { version: "2.1.0" });
}

function createWidget<T>(kind: Kind<T>, initial: T): Widget<T> {
  let value = initial;
  let comm: CommChannel | undefined;
  const handlers: ((value: T) => void)[] = [];
  const open = (): CommChannel => {
    const layout = openModel(stateOf("LayoutModel", base, {}));
    const style = kind.style === undefined ? undefined : openModel(stateOf(kind.style, controls, {}));
    const parts = {
      ...kind.state,
      [kind.key]: kind.write(value),
      layout: `IPY_MODEL_${layout.id}`,
      ...(style === undefined ? {} : { style: `IPY_MODEL_${style.id}` }),
    };
    const state = stateOf(kind.model, controls, parts, kind.view);
    const opened = openModel(state);
    opened.onMessage((data) => {
      if (data.method === "request_state")
        opened.send({
          method: "update",
          state: { ...state, [kind.key]: kind.write(value) },
          buffer_paths: [],
        });
      const changed = data.method === "update" ? (data.state as State)[kind.key] : undefined;
      if (changed === undefined) return;
      value = kind.read(changed);
      // Other views of the widget hear of it.
      opened.send({ method: "echo_update", state: { [kind.key]: changed }, buffer_paths: [] });
      for (const handler of handlers) handler(value);
    });
    return opened;
  };
  return {
    get value() {
      return value;
    },
    set value(next) {
      value = next;
      comm?.send({ method: "update", state: { [kind.key]: kind.write(next) }, buffer_paths: [] });
    },
    onChange(handler) {
      handlers.push(handler);
    },
    close() {
      comm?.close();
      comm = undefined;
    },
    [displaySymbol]() {
      const text = { [mime.text]: kind.text(value) };
      if (kernelHost() === undefined) return text;
      comm ??= open();
      return { [mime.widget]: { version_major: 2, version_minor: 0, model_id: comm.id }, ...text };
    },
  };
}

/** Options of `slider`. */
export interface SliderOptions {
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  readonly value?: number;
  readonly description?: string;
}

/** A slider for a number. @throws ConfigError when the value is not between the ends */
export function slider({
  min,
  max,
  step = (max - min) / 100,
  value = min,
  description = "",
}: SliderOptions): Widget<number> {
  if (!(min <= value && value <= max))
    throw new ConfigError(`slider: expected ${min} ≤ value ≤ ${max}, got ${value}`);
  const names = { model: "FloatSliderModel", view: "FloatSliderView", style: "SliderStyleModel" };
  const state = { min, max, step, description, readout_format: step % 1 === 0 ? "d" : ".3g" };
  const text = (now: number) => `${description || "slider"}: ${now} (${min} to ${max})`;
  return createWidget({ ...names, state, key: "value", read: Number, write: (now) => now, text }, value);
}

/** Options of `dropdown`. */
export interface DropdownOptions<T> {
  readonly options: readonly T[];
  readonly value?: T;
  readonly description?: string;
}

/** A choice from a list. @throws ConfigError when the value is not in the list */
export function dropdown<T>({
  options,
  value = options[0]!,
  description = "",
}: DropdownOptions<T>): Widget<T> {
  if (!options.includes(value))
    throw new ConfigError(`dropdown: expected one of ${options.join(", ")}, got ${String(value)}`);
  return createWidget(
    {
      model: "DropdownModel",
      view: "DropdownView",
      style: "DescriptionStyleModel",
      state: { _options_labels: options.map(String), description },
      key: "index",
      read: (index) => options[Number(index)]!,
      write: (chosen) => options.indexOf(chosen),
      text: (chosen) => `${description || "choice"}: ${String(chosen)} (of ${options.join(", ")})`,
    },
    value,
  );
}

/** A progress bar that is a widget; `progressBar` works in every front end. */
export function progressWidget({
  total,
  description = "",
}: {
  total: number;
  description?: string;
}): Widget<number> {
  return createWidget(
    {
      model: "FloatProgressModel",
      view: "ProgressView",
      style: "ProgressStyleModel",
      state: { min: 0, max: total, description, bar_style: "" },
      key: "value",
      read: Number,
      write: (done) => done,
      text: (done) => `${description} ${Math.floor((100 * done) / total)} %`.trim(),
    },
    0,
  );
}
