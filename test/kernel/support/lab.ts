/** A JupyterLab of its own for a test, with the kernel installed, and a headless Chromium that shows it. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { installKernel } from "../../../kernel/install/kernelspec.js";
import { python } from "../../support/needs.js";

export const chromiumPath = "/usr/bin/chromium";

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The server, the browser and a page. */
export class LabSession {
  readonly folder: string;
  private readonly server: ChildProcess;
  private browser: Browser | undefined;
  private opened: Page | undefined;
  /** How often the page has asked for a session, that is for a kernel. */
  sessionsAsked = 0;

  private constructor(folder: string, server: ChildProcess) {
    this.folder = folder;
    this.server = server;
  }

  static async start(): Promise<LabSession> {
    const folder = mkdtempSync(join(tmpdir(), "jessl-lab-"));
    const prefix = join(folder, "prefix");
    installKernel({ place: { prefix } });
    const work = join(folder, "work");
    mkdirSync(work);
    // No question about news in the way.
    const settings = join(folder, "settings/@jupyterlab/apputils-extension");
    mkdirSync(settings, { recursive: true });
    writeFileSync(join(settings, "notification.jupyterlab-settings"), '{ "fetchNews": "false" }');
    const port = await freePort();
    const options = ["--no-browser", "--allow-root", "--expose-app-in-browser", `--ServerApp.port=${port}`];
    const server = spawn(
      join(dirname(python), "jupyter-lab"),
      [
        ...options,
        "--IdentityProvider.token=test",
        `--ServerApp.root_dir=${work}`,
        "--ServerApp.port_retries=0",
      ],
      {
        cwd: work,
        stdio: "ignore",
        env: {
          ...process.env,
          HOME: folder,
          JUPYTER_PATH: join(prefix, "share/jupyter"),
          JUPYTER_CONFIG_DIR: join(folder, "config"),
          JUPYTER_DATA_DIR: join(folder, "data"),
          JUPYTER_RUNTIME_DIR: join(folder, "runtime"),
          JUPYTERLAB_SETTINGS_DIR: join(folder, "settings"),
          JUPYTERLAB_WORKSPACES_DIR: join(folder, "workspaces"),
          JESSL_HISTORY: join(folder, "history.jsonl"),
        },
      },
    );
    const lab = new LabSession(folder, server);
    try {
      await lab.open(`http://127.0.0.1:${port}`);
      return lab;
    } catch (error) {
      await lab.stop();
      throw error;
    }
  }

  private async open(address: string): Promise<void> {
    this.browser = await chromium.launch({
      executablePath: chromiumPath,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    this.opened = await this.browser.newPage({ viewport: { width: 1100, height: 1000 } });
    this.page.setDefaultTimeout(30_000);
    this.page.on("request", (request) => {
      if (request.method() === "POST" && new URL(request.url()).pathname === "/api/sessions")
        this.sessionsAsked += 1;
    });
    await untilAnswers(`${address}/api?token=test`, this.server);
    await this.page.goto(`${address}/lab?token=test`);
    await this.page.locator(".jp-LauncherCard").first().waitFor({ timeout: 60_000 });
  }

  get page(): Page {
    if (this.opened === undefined) throw new Error("the page is not open");
    return this.opened;
  }

  /** Opens a new notebook by its card in the launcher. */
  async newNotebook(displayName: string): Promise<void> {
    await this.page.locator(`.jp-LauncherCard[data-category="Notebook"][title^="${displayName}"]`).click();
    await this.page.locator(".jp-Notebook .jp-CodeCell").first().waitFor();
    // The toolbar's circle is idle from the start, kernel or not. A cell that is run before there is a kernel makes
    // JupyterLab ask for a second one, or is dropped by it without a request to the kernel.
    await this.page.locator("#jp-main-statusbar").getByText(`${displayName} | Idle`).waitFor();
  }

  /** Types code into the active cell, the last one. */
  async type(code: string): Promise<void> {
    await this.lastCell().locator(".cm-content").click();
    await this.page.keyboard.insertText(code);
  }

  /** Runs the active cell and goes to the next; returns the cell that runs. */
  async run(code: string): Promise<ReturnType<Page["locator"]>> {
    const index = (await this.page.locator(".jp-Notebook .jp-CodeCell").count()) - 1;
    await this.type(code);
    await this.page.keyboard.press("Shift+Enter");
    const cell = this.page.locator(".jp-Notebook .jp-CodeCell").nth(index);
    await this.page
      .locator(".jp-Notebook .jp-CodeCell")
      .nth(index + 1)
      .waitFor();
    return cell;
  }

  /** Empties the active cell. */
  async clearActive(): Promise<void> {
    await this.page.keyboard.press("ControlOrMeta+A");
    await this.page.keyboard.press("Delete");
  }

  lastCell() {
    return this.page.locator(".jp-Notebook .jp-CodeCell").last();
  }

  /** Executes a command of JupyterLab. */
  async command(name: string): Promise<void> {
    // Not awaited in the page: commands that ask the user settle later.
    await this.page.evaluate((id) => {
      const { jupyterapp } = globalThis as unknown as {
        jupyterapp: { commands: { execute(id: string): Promise<unknown> } };
      };
      void jupyterapp.commands.execute(id);
    }, name);
  }

  /** Keeps a screenshot where JESSL_SCREENSHOTS says, for a person to look at. */
  async screenshot(name: string): Promise<void> {
    const folder = process.env.JESSL_SCREENSHOTS;
    if (folder === undefined) return;
    if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }

  async stop(): Promise<void> {
    await this.browser?.close();
    const ended = new Promise((resolve) => this.server.on("exit", resolve));
    if (this.server.exitCode === null) {
      this.server.kill("SIGTERM");
      const force = setTimeout(() => this.server.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(force);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function untilAnswers(url: string, server: ChildProcess): Promise<void> {
  for (let i = 0; i < 600; i += 1) {
    if (server.exitCode !== null) throw new Error(`jupyter-lab ended with ${server.exitCode}`);
    try {
      if ((await fetch(url)).ok) return;
    } catch {
      // Not yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url}: no answer`);
}
