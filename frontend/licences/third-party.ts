import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Plugin } from "vite";

interface Manifest {
  name: string;
  version: string;
  license: string;
  homepage?: string;
}

/** The package a bundled file belongs to, or null for our own. */
function packageOf(file: string): string | null {
  const found = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file);
  return found?.[0] ?? null;
}

function licenceText(folder: string): string {
  for (const name of ["LICENSE", "LICENSE.txt", "LICENSE.md"]) {
    try {
      return readFileSync(join(folder, name), "utf8").trim();
    } catch {
      continue;
    }
  }
  throw new Error(`${folder} has no licence text; it cannot be bundled.`);
}

/** Writes THIRD-PARTY.txt: every package of which code is in the bundle, with its licence as it ships. */
export function thirdParty(): Plugin {
  return {
    name: "third-party",
    apply: "build",
    generateBundle(_options, bundle) {
      const folders = new Set<string>();
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk") continue;
        for (const file of Object.keys(chunk.modules)) {
          const folder = packageOf(file.replace(/^\0/, ""));
          if (folder) folders.add(folder);
        }
      }
      const parts = [...folders].sort().map((folder) => {
        const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
        const heading = `${manifest.name} ${manifest.version} (${manifest.license}) ${manifest.homepage ?? ""}`.trim();
        return `${heading}\n${"-".repeat(heading.length)}\n\n${licenceText(folder)}\n`;
      });
      const source = `Code of others in this page, each with its licence.\n\n${parts.join("\n\n")}`;
      this.emitFile({ type: "asset", fileName: "THIRD-PARTY.txt", source });
    },
  };
}
