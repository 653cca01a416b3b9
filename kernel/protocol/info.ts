/**
 * What `kernel_info_request` answers. Nothing heavy is loaded for it: it is the first thing a front end asks, and the
 * kernel counts as ready when it is answered.
 */
import { version } from "../../src/support/package.js";
import { protocolVersion } from "./wire.js";

/** The version of TypeScript that checks the cells; a test holds it against package.json. */
export const typescriptVersion = "6.0.3";

/** The content of `kernel_info_reply`. */
export function kernelInfo() {
  return {
    status: "ok" as const,
    protocol_version: protocolVersion,
    implementation: "jessl",
    implementation_version: version,
    banner: `TypeScript ${typescriptVersion} on Node ${process.versions.node} (jessl ${version})`,
    language_info: {
      name: "typescript",
      version: typescriptVersion,
      mimetype: "text/typescript",
      file_extension: ".ts",
      pygments_lexer: "typescript",
      codemirror_mode: { name: "text/typescript", mode: "text/typescript" },
      nbconvert_exporter: "script",
    },
    help_links: [
      { text: "TypeScript handbook", url: "https://www.typescriptlang.org/docs/handbook/intro.html" },
      { text: "Node.js", url: "https://nodejs.org/docs/latest-v20.x/api/" },
    ],
    debugger: true,
    supported_features: ["debugger"],
  };
}
