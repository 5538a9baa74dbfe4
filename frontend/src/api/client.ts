import { answered, lost } from "../state/connection.ts";
import { token } from "./token.ts";

/** What the server says is wrong, and what to do about it. */
export class ServerError extends Error {
  constructor(
    message: string,
    readonly cure: string,
    readonly status: number,
    readonly body: unknown,
  ) {
    super(message);
  }
}

/** The server did not answer at all; the banner tells so, and nothing else needs to. */
export class LostServer extends Error {}

interface ErrorBody {
  error?: string;
  cure?: string;
}

function headers(json: boolean): Headers {
  const all = new Headers();
  const word = token();
  if (word !== null) all.set("X-Cytally-Token", word);
  if (json) all.set("Content-Type", "application/json");
  return all;
}

/** What a browser sends to its end even while its page is closed, in bytes and with room for other requests. */
const OUTLIVES = 50_000;

async function send(method: string, path: string, body?: BodyInit, json = false): Promise<Response> {
  const keepalive = method === "PUT" && typeof body === "string" && body.length < OUTLIVES;
  try {
    return await fetch(`/api${path}`, { method, headers: headers(json), cache: "no-store", keepalive, ...(body ? { body } : {}) });
  } catch {
    lost();
    throw new LostServer("The server does not answer.");
  }
}

async function read<T>(response: Response): Promise<T> {
  if (response.status === 502 || response.status === 504) {
    lost();
    throw new LostServer("The server does not answer.");
  }
  answered();
  const body: unknown = await response.json().catch(() => null);
  if (response.ok) return body as T;
  const told = (body ?? {}) as ErrorBody;
  throw new ServerError(
    told.error ?? `The server answered ${response.status}.`,
    told.cure ?? "Try again; the terminal that runs cytally app tells more.",
    response.status,
    body,
  );
}

async function ask<T>(path: string): Promise<T> {
  return read<T>(await send("GET", path));
}

const AHEAD_MS = 5000;
const early = new Map<string, Promise<unknown>>();

/** Asks before the part of the page is there that wants to know: the first `get` of this path takes the answer. */
export function ahead(path: string): void {
  const answer = ask(path);
  early.set(path, answer);
  answer.catch(() => undefined); // who takes it is told
  setTimeout(() => early.delete(path), AHEAD_MS);
}

export async function get<T>(path: string): Promise<T> {
  const answer = early.get(path);
  early.delete(path);
  return (answer as Promise<T> | undefined) ?? ask<T>(path);
}

export async function sendJson<T>(method: "POST" | "PUT" | "PATCH", path: string, value: unknown): Promise<T> {
  return read<T>(await send(method, path, JSON.stringify(value), true));
}

export async function remove(path: string): Promise<void> {
  await read(await send("DELETE", path));
}

export async function sendForm<T>(path: string, form: FormData): Promise<T> {
  return read<T>(await send("POST", path, form));
}
