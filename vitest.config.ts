import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["session-mesh-source"] },
  ssr: { resolve: { conditions: ["session-mesh-source"] } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "apps/*/src/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 20_000,
  },
});
