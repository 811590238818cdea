import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin, type ProxyOptions } from "vite";

/** What `make run` writes about a running stack. `STACK=` names another file. */
const STACK_FILE = process.env.STACK ?? new URL("../.local/stack.json", import.meta.url);

interface StackFile {
  api_url: string;
  tokens: Record<string, Record<string, string>>;
}

function runningStack(): StackFile {
  try {
    return JSON.parse(readFileSync(STACK_FILE, "utf-8")) as StackFile;
  } catch {
    throw new Error(
      `No stack is running: ${String(STACK_FILE)} is missing. Start one with "make run".`,
    );
  }
}

/** Gives the page of `vite dev` the tokens of the running stack, at /dev/tokens.json. */
function stackTokens(): Plugin {
  return {
    name: "stack-tokens",
    apply: "serve",
    configureServer(server) {
      server.middlewares.use("/dev/tokens.json", (_request, response) => {
        response.setHeader("Content-Type", "application/json");
        response.setHeader("Cache-Control", "no-store");
        response.end(JSON.stringify(runningStack().tokens));
      });
    },
  };
}

/** Sends /v1 to the API of the running stack, so that the page and the API have one origin. */
function apiProxy(): Record<string, ProxyOptions> {
  const url = new URL(runningStack().api_url);
  return {
    "/v1": {
      target: url.origin,
      changeOrigin: true,
      rewrite: (path) => url.pathname.replace(/\/$/, "") + path.slice("/v1".length),
    },
  };
}

/** Names the hash of each script and style of a page, so that no other content is taken for it. */
function subresourceIntegrity(): Plugin {
  return {
    name: "subresource-integrity",
    apply: "build",
    writeBundle({ dir = "" }, bundle) {
      for (const page of Object.keys(bundle).filter((name) => name.endsWith(".html"))) {
        const html = readFileSync(join(dir, page), "utf-8");
        const hashed = html.replace(
          /(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g,
          (found, name) => {
            const hash = createHash("sha384").update(readFileSync(join(dir, name)));
            return `${found} integrity="sha384-${hash.digest("base64")}"`;
          },
        );
        writeFileSync(join(dir, page), hashed);
      }
    },
  };
}

export default defineConfig(({ command, mode }) => ({
  plugins: [svelte(), stackTokens(), subresourceIntegrity()],
  server: command === "serve" && mode !== "test" ? { proxy: apiProxy() } : {},
  build: {
    outDir: "../build/dashboard",
    emptyOutDir: true,
    manifest: true,
    target: "es2022",
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
}));
