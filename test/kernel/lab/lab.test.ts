/** The kernel in real JupyterLab, seen by a real browser: what a researcher does in the first minutes. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWith } from "../../support/needs.js";
import { chromiumPath, LabSession } from "../support/lab.js";

describeWith(
  [`file:${chromiumPath}`, "python:jupyterlab", "python:jupyterlab_widgets"],
  "JupyterLab in Chromium",
  () => {
    let lab: LabSession;
    beforeAll(async () => {
      lab = await LabSession.start();
    }, 120_000);
    afterAll(() => lab?.stop());

    test("the launcher offers the kernel with its logo; a notebook opens and a cell runs", async () => {
      const logo = lab.page.locator(
        '.jp-LauncherCard[data-category="Notebook"][title^="TypeScript (jessl)"] img',
      );
      expect(
        await logo.evaluate((img) => (img as unknown as { naturalWidth: number }).naturalWidth),
      ).toBeGreaterThan(0);
      await lab.screenshot("1-launcher");
      await lab.newNotebook("TypeScript (jessl)");
      const cell = await lab.run("const answer: number = 6 * 7;\nconsole.log('printed');\nanswer");
      await cell.locator(".jp-OutputArea-executeResult").getByText("42").waitFor();
      expect((await cell.locator(".jp-OutputArea-output").first().innerText()).trim()).toBe("printed");
      expect(lab.sessionsAsked).toBe(1);
      await lab.screenshot("2-cell");
    });

    test("completion offers the members of a type", async () => {
      const offers = lab.page.locator(".jp-Completer:visible");
      const offered = offers.getByText("toFixed").first();
      // JupyterLab indents by Tab until it has seen what was typed, which takes a loaded machine a while.
      for (let tries = 5; !(await offered.isVisible()) && tries > 0; tries--) {
        await lab.type("answer.to");
        await lab.page.keyboard.press("Tab");
        await offered.waitFor({ timeout: 5000 }).catch(() => lab.clearActive());
      }
      expect(await offers.innerText()).toMatch(/toExponential[\s\S]*toPrecision/);
      await lab.screenshot("3-completion");
      await lab.page.keyboard.press("Escape");
      await lab.clearActive();
    });

    test("a Vega-Lite and a Plotly figure are live", async () => {
      const vega = await lab.run(
        '({ mark: "bar", title: "Bars", width: 300, height: 120, data: { values: [1, 3, 2].map((y, x) => ({ x, y })) },\n  encoding: { x: { field: "x", type: "ordinal" }, y: { field: "y", type: "quantitative" } } })',
      );
      await vega.locator(".vega-embed svg, .vega-embed canvas").first().waitFor();
      const plotly = await lab.run(
        '({ data: [{ type: "scatter", x: [1, 2, 3], y: [2, 3, 1] }], layout: { title: { text: "Lines" }, height: 260 } })',
      );
      await plotly.locator(".js-plotly-plot .scatterlayer path.js-line").waitFor();
      expect(await plotly.locator(".gtitle").textContent()).toBe("Lines");
      await lab.screenshot("4-figures");
    });

    test("a progress bar moves in place; tables and image grids show", async () => {
      const progress = await lab.run(
        'import { track, table, tensorGrid } from "jessl/kernel";\nimport { hostTensor } from "jessl";\nfor (const i of track([1, 2, 3, 4], { title: "work" })) await new Promise((r) => setTimeout(r, 200));\ndisplay(table([{ method: "simclr", knn: 0.812 }, { method: "byol", knn: 0.79 }]));\ntensorGrid(hostTensor(Uint8Array.from({ length: 8 * 28 * 28 }, (_, i) => i % 256), [8, 28, 28, 1]))',
      );
      await progress.getByText("work 100 %").waitFor();
      await progress.locator(".jp-OutputArea-executeResult img").waitFor();
      expect(await progress.locator("progress").count()).toBe(1);
      expect(await progress.locator("progress").getAttribute("value")).toBe("1.0000");
      expect(await progress.locator("td").allInnerTexts()).toEqual(["simclr", "0.812", "byol", "0.79"]);
      await lab.screenshot("5-progress");
    });

    test("a slider and a dropdown work in both directions, a progress widget follows", async () => {
      const cell = await lab.run(
        'import { slider, dropdown, progressWidget } from "jessl/kernel";\nconst rate = slider({ min: 0, max: 10, step: 1, value: 3, description: "rate" });\nconst method = dropdown({ options: ["simclr", "byol"], description: "method" });\nconst done = progressWidget({ total: 4, description: "done" });\ndisplay(rate);\ndisplay(method);\ndisplay(done);\ndone.value = 2;\nrate.value = 4;',
      );
      const readout = cell.locator(".widget-readout");
      await readout.getByText("4").waitFor();
      await cell.locator("select").selectOption("byol");
      await cell.locator(".noUi-handle").focus();
      await lab.page.keyboard.press("ArrowRight");
      await readout.getByText("5").waitFor();
      expect(
        await cell
          .locator(".progress-bar")
          .evaluate((bar) => (bar as unknown as { style: { width: string } }).style.width),
      ).toBe("50%");
      const values = await lab.run("[rate.value, method.value, done.value]");
      await values.getByText("[ 5, 'byol', 2 ]").waitFor();
      await lab.screenshot("6-widgets");
    });

    test("a type error is an error with the place in the cell", async () => {
      const cell = await lab.run('const wrong: number = "text";');
      await cell
        .locator('[data-mime-type="application/vnd.jupyter.stderr"], .jp-OutputArea-output')
        .first()
        .waitFor();
      const shown = await cell.locator(".jp-OutputArea").innerText();
      expect(shown).toContain("line 1, column 7: Type 'string' is not assignable to type 'number'");
      await lab.screenshot("7-error");
    });

    test("the debugger's panel: a breakpoint stops the cell, with its stack and the values of its variables", async () => {
      const bug = lab.page.locator(".jp-DebuggerBugButton").first();
      await bug.click();
      await lab.page.locator(".jp-DebuggerBugButton[aria-pressed='true'], .jp-mod-pressed").first().waitFor();
      const cell = lab.lastCell();
      await lab.type(
        "function scale(row: { n: number }): number {\n  const scaled = row.n * 3;\n  return scaled;\n}\nscale({ n: 14 })",
      );
      const gutter = await cell.locator(".cm-gutter.cm-breakpoint-gutter").boundingBox();
      const line = await cell.locator(".cm-line").nth(2).boundingBox();
      await lab.page.mouse.click(gutter!.x + gutter!.width / 2, line!.y + line!.height / 2);
      await cell.locator(".cm-breakpoint-icon:visible").first().waitFor();
      await lab.page.keyboard.press("Shift+Enter");
      const stack = lab.page.locator(".jp-DebuggerCallstackFrame-name");
      await stack.first().waitFor();
      expect(await stack.allInnerTexts()).toEqual(["scale", "cell"]);
      const variables = lab.page.locator(".jp-DebuggerVariables");
      await variables.getByText("scaled").waitFor();
      expect((await variables.innerText()).split(/\s+/)).toEqual(["row", "Object", "scaled", "42"]);
      await lab.screenshot("8-debugger");
      await lab.command("debugger:continue");
      const result = lab.page.locator(".jp-CodeCell", { hasText: "function scale" });
      await result.locator(".jp-OutputArea-executeResult").getByText("42").waitFor();
      await bug.click();
      await lab.page.locator(".jp-DebuggerBugButton[aria-pressed='false']").first().waitFor();
    });

    test("interrupt ends a busy cell and keeps the state; restart forgets it", async () => {
      const busy = await lab.run('console.log("running");\nwhile (true) {}');
      await busy.locator(".jp-OutputArea").getByText("running").waitFor();
      await lab.command("notebook:interrupt-kernel");
      await busy.getByText("InterruptError").first().waitFor();
      const after = await lab.run("answer + 1");
      await after.locator(".jp-OutputArea-executeResult").getByText("43").waitFor();
      await lab.screenshot("9-interrupted");
      await lab.command("notebook:restart-kernel");
      await lab.page.locator(".jp-Dialog .jp-mod-accept").click();
      const fresh = await lab.run("typeof answer");
      await fresh.getByText("Cannot find name 'answer'").first().waitFor();
      await lab.screenshot("10-restarted");
    });
  },
);
