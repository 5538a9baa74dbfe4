import type { IncomingMessage } from "node:http";

import type { Plugin } from "vite";

import { answer } from "./routes.ts";

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const whole = Buffer.concat(parts);
  if (request.headers["content-type"]?.startsWith("multipart/")) {
    // Only the names matter here: what is in a file is drawn anyway.
    return [...whole.toString("latin1").matchAll(/filename="([^"]*)"/g)].map((found) => found[1] ?? "");
  }
  return whole.length > 0 ? (JSON.parse(whole.toString("utf8")) as unknown) : null;
}

/** The server's contract, kept in memory: for working on the page without a model. */
export function mockServer(): Plugin {
  return {
    name: "mock-server",
    configureServer(server) {
      server.middlewares.use("/api", (request, response) => {
        const address = new URL(request.url ?? "/", "http://mock");
        void bodyOf(request).then((body) => {
          const told = answer(request.method ?? "GET", address.pathname, address.searchParams, body);
          response.statusCode = told.status;
          response.setHeader("Content-Type", told.type ?? "application/json");
          response.end(told.type ? told.body : JSON.stringify(told.body));
        });
      });
    },
  };
}
