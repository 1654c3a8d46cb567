// A client of the TypeScript SDK that has no key: it is told an address and who it is at the provider, and people sign in.
// In: the SDK, the address, where browsers come back to; CLIENT_ID and CLIENT_SECRET in the environment; on a line, where a browser was
// led back to. Out: on a line, where to sign in; then a line of JSON with what came of it.
import { createInterface } from 'node:readline/promises';

const [sdk, url, back] = process.argv.slice(2);
const [{ Client }, { StreamableHTTPClientTransport }] = await Promise.all(
  sdk.startsWith('@')
    ? [import(sdk), import(sdk)]
    : [import(`${sdk}/client/index.js`), import(`${sdk}/client/streamableHttp.js`)],
);
const { CLIENT_ID: client_id, CLIENT_SECRET: client_secret } = process.env;
const kept = {};
const provider = {
  redirectUrl: back,
  clientMetadata: {
    client_name: 'test',
    redirect_uris: [back],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  },
  state: () => (kept.state = crypto.randomUUID()),
  clientInformation: () => ({ client_id, client_secret }),
  tokens: () => kept.tokens,
  saveTokens: (tokens) => { kept.tokens = tokens; },
  codeVerifier: () => kept.verifier,
  saveCodeVerifier: (verifier) => { kept.verifier = verifier; },
  redirectToAuthorization: (address) => console.log(String(address)),
};
const begin = () => [
  new Client({ name: 'test', version: '1' }),
  new StreamableHTTPClientTransport(new URL(url), { authProvider: provider }),
];

const [stranger, door] = begin();
const refused = await stranger.connect(door).then(() => 'let in', (error) => error.constructor.name);
const lines = createInterface({ input: process.stdin });
const { value: led } = await lines[Symbol.asyncIterator]().next();
const answer = new URL(led).searchParams;
if (answer.get('state') !== kept.state) throw new Error('the answer is not the one that was asked for');
await door.finishAuth(sdk.startsWith('@') ? answer : answer.get('code'));

const [client, transport] = begin();
await client.connect(transport);
const verdict = async (name, args) => {
  const result = await client.callTool({ name, arguments: args });
  return result.isError ? JSON.parse(result.content[0].text).code : null;
};
console.log(JSON.stringify({
  refused,
  tools: (await client.listTools()).tools.map((tool) => tool.name),
  verdicts: {
    explain_access: await verdict('explain_access', { component: 'valkey' }),
    cnpg_list_databases: await verdict('cnpg_list_databases', {}),
    valkey_dbsize: await verdict('valkey_dbsize', {}),
  },
  scope: kept.tokens.scope,
}));
await client.close();
process.exit(0);
