import { ACTION_HEADER, STREAM_PROTOCOL, TOKEN_PROTOCOL, type ApiProblem, type StreamMessage, type StreamRequest } from '../wire/stream.js';
import { connection } from './connection.js';
import { actionToken, token } from './tokens.js';

/** What the server refused, in its own words; status 0 when it did not answer at all. */
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** `GET /api/<path>`, parsed. Rejects with ApiError. */
export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return (await ask(path, query, signal)).json() as Promise<T>;
}

/** `GET /api/<path>`, its bytes. Rejects with ApiError. */
export async function bytes(path: string, query: Query = {}, signal?: AbortSignal): Promise<ArrayBuffer> {
  return (await ask(path, query, signal)).arrayBuffer();
}

/** Changes something: `confirm` is what the person typed. Rejects with ApiError; status 0 means that nobody knows whether it was done. */
export async function act<T>(path: string, body: Readonly<Record<string, unknown>>, confirm: string): Promise<T> {
  const response = await answered(`/api/${path}`, {
    method: 'POST',
    headers: { 'authorization': `Bearer ${token.value}`, 'content-type': 'application/json', [ACTION_HEADER]: actionToken.value },
    body: JSON.stringify({ ...body, confirm }),
  });
  return response.json() as Promise<T>;
}

/** Hands a file that `GET /api/<path>` answers to the browser's downloads. */
export async function download(path: string, query: Query, name: string): Promise<void> {
  const url = URL.createObjectURL(await (await ask(path, query)).blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

async function ask(path: string, query: Query, signal?: AbortSignal): Promise<Response> {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) params.set(key, String(value));
  return answered(`/api/${path}?${params}`, { headers: { authorization: `Bearer ${token.value}` }, ...(signal === undefined ? {} : { signal }) });
}

async function answered(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'the server of this page does not answer');
  }
  if (response.ok) return response;
  throw new ApiError(response.status, await problemOf(response));
}

async function problemOf(response: Response): Promise<string> {
  try {
    return ((await response.json()) as ApiProblem).problem;
  } catch {
    return `the server answered ${response.status}`;
  }
}

interface Live {
  readonly topic: string;
  readonly params: unknown;
  readonly onValue: (value: never) => void;
  readonly onProblem: ((problem: string) => void) | undefined;
}

const live = new Map<number, Live>();
let nextId = 1;
let socket: WebSocket | undefined;
let waitMs = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;

/**
 * Values of a topic from now on, also after the connection was lost and found again: the topic then begins anew. The function that is
 * returned ends it. `onProblem` is called when the server refuses it or values were dropped.
 */
export function subscribe<T>(topic: string, params: unknown, onValue: (value: T) => void, onProblem?: (problem: string) => void): () => void {
  const id = nextId++;
  live.set(id, { topic, params, onValue: onValue as (value: never) => void, onProblem });
  if (socket?.readyState === WebSocket.OPEN) send({ id, subscribe: topic, params });
  return () => {
    if (live.delete(id) && socket?.readyState === WebSocket.OPEN) send({ id, unsubscribe: true });
  };
}

/** Connects the stream, and keeps it connected. Called at the start and when another token was given. */
export function connect(): void {
  clearTimeout(timer);
  socket?.close();
  if (token.value === '') {
    connection.value = { state: 'no-token' };
    return;
  }
  connection.value = { state: 'connecting' };
  const opening = new WebSocket(`ws://${location.host}/api/stream`, [STREAM_PROTOCOL, `${TOKEN_PROTOCOL}${token.value}`]);
  socket = opening;
  opening.onopen = () => {
    waitMs = 0;
    connection.value = { state: 'connected' };
    for (const [id, { topic, params }] of live) send({ id, subscribe: topic, params });
  };
  opening.onmessage = ({ data }) => hear(JSON.parse(String(data)) as StreamMessage);
  opening.onclose = () => {
    if (socket !== opening) return;
    waitMs = Math.min(LONGEST_WAIT_MS, Math.max(FIRST_WAIT_MS, waitMs * 2));
    connection.value = { state: 'lost' };
    timer = setTimeout(() => void again(), waitMs);
  };
}

/** A browser does not say why a websocket was refused; an ordinary question does. */
async function again(): Promise<void> {
  try {
    await get('sources');
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      connection.value = { state: 'refused', problem: error.message };
      return;
    }
  }
  connect();
}

function send(request: StreamRequest): void {
  socket?.send(JSON.stringify(request));
}

function hear(message: StreamMessage): void {
  const subscription = live.get(message.id);
  if (subscription === undefined) return;
  if ('value' in message) subscription.onValue(message.value as never);
  else if ('error' in message) subscription.onProblem?.(message.error);
  else subscription.onProblem?.(`${message.dropped} values were dropped: this page reads too slowly`);
}
