// Loaded before the conformance suite, which knows no keys: gives each of its requests one.
// A session keeps its key; every other request takes the next one, so that no rate is reached.
import { subscribe } from 'node:diagnostics_channel';

const keys = JSON.parse(process.env.TEST_KEYS);
const keyOfSession = new Map();
const keyOfRequest = new WeakMap();
let next = 0;

function session(headers) {
  const flat = Array.isArray(headers) ? headers.map(String) : String(headers).split(/: |\r\n/);
  const place = flat.findIndex((text) => text.toLowerCase() === 'mcp-session-id');
  return place < 0 ? undefined : flat[place + 1];
}

subscribe('undici:request:create', ({ request }) => {
  const key = keyOfSession.get(session(request.headers)) ?? keys[next++ % keys.length];
  keyOfRequest.set(request, key);
  request.addHeader('authorization', `Bearer ${key}`);
});

subscribe('undici:request:headers', ({ request, response }) => {
  const opened = session(response.headers);
  if (opened) keyOfSession.set(opened, keyOfRequest.get(request));
});

subscribe('http.client.request.created', ({ request }) => {
  const key = keyOfSession.get(request.getHeader('mcp-session-id')) ?? keys[next++ % keys.length];
  request.setHeader('authorization', `Bearer ${key}`);
});
