/** Random numbers: Philox against Random123's known answers, and the distributions by their moments. */
import { describe, expect, test } from "vitest";
import { bits, fold, integers, key, normal, permutation, Stream, uniform } from "../../src/random/index.js";
import { philox } from "../../src/random/philox.js";

test.each([
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
])("philox4x32-10 of counter %j", (counter, [k0, k1], expected) => {
  const out = new Uint32Array(4);
  philox(counter[0]!, counter[1]!, counter[2]!, counter[3]!, k0!, k1!, out);
  expect([...out]).toEqual(expected);
});

describe("keys", () => {
  test("folding is by step and by order", () => {
    const k = key(7);
    expect(fold(k, 1, 2)).toEqual(fold(fold(k, 1), 2));
    expect(fold(k, 1, 2)).not.toEqual(fold(k, 2, 1));
  });

  test("a hundred thousand derived keys differ", () => {
    const seen = new Set<string>();
    for (let i = 0; i < 100_000; i++) seen.add(fold(key(1), i).join());
    expect(seen.size).toBe(100_000);
  });

  test("numbers are a prefix of more numbers", () => {
    for (const draw of [uniform, normal])
      expect([...draw(key(3), 10)]).toEqual([...draw(key(3), 1000).subarray(0, 10)]);
  });
});

test("moments", () => {
  const n = 200_000;
  const moments = (x: Float32Array): number[] =>
    [1, 2, 3, 4].map((p) => x.reduce((s, v) => s + v ** p, 0) / n);
  const u = uniform(key(1), n);
  expect(Math.min(...[0, 0.5].map((t) => u.filter((v) => v >= t && v < t + 0.5).length))).toBeGreaterThan(
    99_000,
  );
  for (const [i, moment] of moments(u).entries()) expect(moment).toBeCloseTo(1 / (i + 2), 2);
  for (const [i, moment] of moments(normal(key(2), n)).entries())
    expect(Math.abs(moment - [0, 1, 0, 3][i]!)).toBeLessThan(0.05);
  const dice = integers(key(4), 60_000, 1, 7);
  for (let face = 1; face <= 6; face++)
    expect(Math.abs(dice.filter((d) => d === face).length - 10_000)).toBeLessThan(400);
});

test("a permutation has every number once, and every number is found anywhere", () => {
  const n = 8;
  const counts = new Float64Array(n * n);
  for (let trial = 0; trial < 8000; trial++) {
    const order = permutation(fold(key(9), trial), n);
    expect([...order].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    order.forEach((value, place) => {
      counts[place * n + value]!++;
    });
  }
  // Each of the 64 counts is binomial(8000, 1/8): mean 1000, standard deviation 29.6.
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
});

test("a stream gives the numbers of its key, and starts again with another", () => {
  const stream = new Stream();
  const words = bits(key(5), new Uint32Array(9));
  stream.start(fold(key(1), 2)).word();
  stream.start(key(5));
  expect(Array.from({ length: 9 }, () => stream.word())).toEqual([...words]);
  expect(stream.start(key(5)).uniform()).toBe(uniform(key(5), 1)[0]);
  expect(stream.start(key(5)).integer(1, 7)).toBe(integers(key(5), 1, 1, 7)[0]);
  expect(stream.derived(3).key).toEqual(fold(key(5), 3));
});

test("the normal distribution, band by band and far into its tail", () => {
  const n = 1_000_000;
  const numbers = normal(key(11), n, 2);
  // Shares of |x| / 2 beyond each bound, from tables of the normal distribution.
  for (const [bound, share] of [
    [0.5, 0.6170751],
    [1, 0.3173105],
    [2, 0.0455003],
    [3, 0.0026998],
    [3.4426, 0.000576129],
    [4, 0.0000633425],
  ] as const) {
    const beyond = numbers.reduce((count, x) => count + Number(Math.abs(x) > 2 * bound), 0);
    expect(Math.abs(beyond - n * share), `beyond ${bound}`).toBeLessThan(4 * Math.sqrt(n * share));
  }
  // Neighbours, and the first numbers of neighbouring keys, do not go together.
  const correlation = (pairs: (i: number) => [number, number], count: number): number => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const [x, y] = pairs(i);
      sum += x * y;
    }
    return sum / count;
  };
  expect(Math.abs(correlation((i) => [numbers[i]! / 2, numbers[i + 1]! / 2], n - 1))).toBeLessThan(0.004);
  const first = Float32Array.from({ length: 20_001 }, (_, i) => normal(fold(key(1), i), 1)[0]!);
  expect(Math.abs(correlation((i) => [first[i]!, first[i + 1]!], 20_000))).toBeLessThan(0.028);
});
