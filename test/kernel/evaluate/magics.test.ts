/** The magics of a cell. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseMagics } from "../../../kernel/evaluate/magics/parse.js";
import { TestKernel } from "../support/client.js";

describe("parsing", () => {
  test("magics come off the top without moving the code", () => {
    expect(parseMagics("%%time\n%env A=1\n\n?map\nconst a = 1")).toEqual({
      cell: [{ name: "%%time", argument: "" }],
      lines: [
        { name: "%env", argument: "A=1" },
        { name: "?", argument: "map" },
      ],
      body: "\n\n\n\nconst a = 1",
    });
  });

  test("a remainder within code is no magic", () => {
    expect(parseMagics("const a = 7\n% 3").lines).toEqual([]);
    expect(parseMagics("const b = 7\n%env").body).toBe("const b = 7\n%env");
  });

  test("a cell of another language is left as it is", () => {
    expect(parseMagics("%%bash -x\n%time\n?\n").body).toBe("\n%time\n?\n");
  });
});

let kernel: TestKernel;
beforeAll(async () => {
  kernel = await TestKernel.start();
});
afterAll(() => kernel.stop());

describe("magics", () => {
  test("%%time tells how long the cell took, also one that fails", async () => {
    const { stdout, result } = await kernel.run("%%time\nawait new Promise((r) => setTimeout(r, 20)); 7");
    expect(stdout).toMatch(/^time: [\d.]+ (ms|s)\n$/);
    expect(result).toBe("7");
    expect((await kernel.run("%%time\nthrow 1")).stdout).toMatch(/^time/);
  });

  test("%env sets, shows, lists and misses", async () => {
    expect((await kernel.run("%env JESSL_A=one two")).stdout).toBe("JESSL_A=one two\n");
    expect((await kernel.run("process.env.JESSL_A")).result).toBe("'one two'");
    expect((await kernel.run("%env JESSL_A")).stdout).toBe("one two\n");
    expect((await kernel.run("%env")).stdout).toContain("JESSL_A=one two\n");
    expect((await kernel.run("%env JESSL_B")).error!.evalue).toContain("JESSL_B is not set");
  });

  test("%%bash runs a script in the notebook's folder", async () => {
    const { stdout, stderr } = await kernel.run("%%bash first\npwd; echo $1; echo wrong >&2; cat");
    expect(stdout).toBe(`${kernel.folder}\nfirst\n`);
    expect(stderr).toBe("wrong\n");
    expect((await kernel.run("%%bash\nexit 3")).error!.evalue).toBe("%%bash: ended with 3");
  });

  test("%install puts a package into the notebook's folder, from where a cell imports it", async () => {
    mkdirSync(join(kernel.folder, "parcel"));
    writeFileSync(
      join(kernel.folder, "parcel/package.json"),
      '{ "name": "parcel-of-ours", "version": "1.0.0", "type": "module", "exports": "./i.js" }',
    );
    writeFileSync(join(kernel.folder, "parcel/i.js"), "export const inside = 'yes';");
    const { error } = await kernel.run("%install ./parcel");
    expect(error).toBeUndefined();
    expect((await kernel.run("// @ts-ignore\nimport { inside } from 'parcel-of-ours'; inside")).result).toBe(
      "'yes'",
    );
    expect((await kernel.run("%install --global x")).error!.evalue).toContain(
      "expected the names of packages",
    );
    expect((await kernel.run("%install")).error!.evalue).toContain("expected a package");
  });

  test("?name shows type and documentation in the pager", async () => {
    await kernel.run("/** Adds one. */\nfunction plusOne(n: number) { return n + 1 }");
    const { reply } = await kernel.run("?plusOne");
    const [page] = reply.content.payload;
    expect(page).toMatchObject({ source: "page", start: 0 });
    expect(page.data["text/plain"]).toContain("function plusOne(n: number): number");
    expect(page.data["text/plain"]).toContain("Adds one.");
    expect((await kernel.run("?nowhere")).error!.evalue).toContain("nowhere");
  });

  test("%memory tells what the process holds, %lsmagic what there is", { timeout: 90_000 }, async () => {
    const before = (await kernel.run("%memory")).stdout;
    expect(before).toMatch(/process [\d.]+ MB, heap [\d.]+ MB/);
    expect(before).not.toContain("device");
    const code = 'import { jit, hostScalar, tf } from "jessl"; const f = jit((x: tf.Scalar) => tf.neg(x));';
    const { error } = await kernel.run(`${code} await (await f(hostScalar(2))).data()`, {}, 60_000);
    expect(error).toBeUndefined();
    expect((await kernel.run("%memory")).stdout).toMatch(/, device cpu: \d+ programs?\n/);
    expect((await kernel.run("%lsmagic")).stdout).toContain("%%bash %%time %env");
  });

  test("an unknown magic names the known ones", async () => {
    for (const code of ["%nothing", "%%nothing\nx"]) {
      const { error } = await kernel.run(code);
      expect(error!.ename).toBe("UnknownMagicError");
      expect(error!.evalue).toMatch(/%%?nothing: expected one of .*%%bash.*%install/);
    }
  });

  test("code below line magics runs", async () => {
    const { stdout, result } = await kernel.run("%env JESSL_C=3\nprocess.env.JESSL_C");
    expect([stdout, result]).toEqual(["JESSL_C=3\n", "'3'"]);
  });
});
