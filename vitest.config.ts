import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
    // What was compiled by an earlier run must not decide what a test sees.
    env: { JESSL_CACHE: "off" },
    reporters: ["default"],
  },
});
