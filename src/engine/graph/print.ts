/**
 * A graph as text, one line a node: `%12: float32[128, 32, 32, 16] = Conv2D(%3, %7) {strides: [1, 1], pad: "same"}`.
 * For people who want to see what a function was compiled to, and for snapshots in tests.
 */
import type { Attribute, Graph, Node, Value } from "./graph.js";

function typeText(value: Value): string {
  return `${value.dtype}[${value.shape.join(", ")}]`;
}

function attributeText(attribute: Attribute): string {
  if (Array.isArray(attribute)) return `[${attribute.map(attributeText).join(", ")}]`;
  return typeof attribute === "string" ? JSON.stringify(attribute) : String(attribute);
}

function constantText(constant: NonNullable<Node["constant"]>): string {
  if (typeof constant === "number") return `all ${constant}`;
  const shown = Array.from(constant.subarray(0, 6), (x) => Number(x.toPrecision(6)));
  return `[${shown.join(", ")}${constant.length > 6 ? `, … ${constant.length} numbers` : ""}]`;
}

/** The graph as text. Values are numbered in the order of the text. */
export function printGraph(graph: Graph): string {
  const names = new Map<Value, string>();
  const name = (value: Value): string => {
    let text = names.get(value);
    if (text === undefined) {
      text = `%${names.size}`;
      names.set(value, text);
    }
    return text;
  };
  const lines = [
    `${graph.name}(${graph.inputs.map((input) => `${name(input)}: ${typeText(input)}`).join(", ")}) {`,
  ];
  let scope = "";
  for (const node of graph.nodes) {
    if (node.scope !== scope) {
      scope = node.scope;
      lines.push(`  # ${scope || "(no scope)"}`);
    }
    const inputs = node.inputs.map(name).join(", ");
    const outputs = node.outputs.map((output) => `${name(output)}: ${typeText(output)}`).join(", ");
    const attributes = Object.entries(node.attributes)
      .filter(([, attribute]) => attribute !== undefined)
      .map(([key, attribute]) => `${key}: ${attributeText(attribute)}`)
      .join(", ");
    const body =
      node.constant === undefined ? `${node.op}(${inputs})` : `Constant ${constantText(node.constant)}`;
    lines.push(`  ${outputs} = ${body}${attributes ? ` {${attributes}}` : ""}`);
  }
  lines.push(`  return ${graph.outputs.map(name).join(", ")}`, "}");
  return lines.join("\n");
}
