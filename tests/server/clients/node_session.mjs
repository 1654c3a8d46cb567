// A client of one version of the TypeScript SDK: does what every client does, and prints what came.
// In: the SDK, the address; TEST_KEY in the environment. Out: a line of JSON an action: its name, and what came.
const [sdk, url] = process.argv.slice(2);
const [{ Client }, { StreamableHTTPClientTransport }] = await Promise.all(
  sdk.startsWith('@')
    ? [import(sdk), import(sdk)]
    : [import(`${sdk}/client/index.js`), import(`${sdk}/client/streamableHttp.js`)],
);
const headers = { authorization: `Bearer ${process.env.TEST_KEY}` };
const client = new Client({ name: 'test', version: '1' });
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));

const call = async (name, args, options) => {
  const form = sdk.startsWith('@') ? [options] : [undefined, options];
  const result = await client.callTool({ name, arguments: args }, ...form);
  return result.structuredContent ?? JSON.parse(result.content[0].text);
};
const slow = {
  source: 'valkey', command: 'nc -z {host} {port}', on_success: 'nc -z {host} {port}', verify_delay: 6,
};
const actions = {
  list: async () => (await client.listTools()).tools.map((tool) => tool.name),
  call: async () => (await call('list_components', {})).returned,
  read: async () => (await client.readResource({ uri: 'stack://guide/api' })).contents[0].text,
  prompt: async () => (await client.getPrompt({ name: 'explain_stack' })).messages[0].content.text,
  page: async () => {
    const names = [];
    let cursor;
    do {
      const page = await call('list_components', { limit: 7, ...(cursor && { cursor }) });
      names.push(...page.data.map((row) => row.name));
      cursor = page.next_cursor;
    } while (cursor);
    return names;
  },
  cancel: async () => {
    const begun = Date.now();
    const ended = await call('run_test', slow, { signal: AbortSignal.timeout(500) }).then(
      () => 'answered', () => 'cancelled',
    );
    const { returned } = await call('list_components', {});
    return { ended, seconds: (Date.now() - begun) / 1000, returned };
  },
  parallel: async () => {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const calls = Array.from({ length: 8 }, () => call('list_components', {}));
    return (await Promise.all(calls)).map((answer) => answer.returned ?? answer);
  },
};
for (const [name, action] of Object.entries(actions)) {
  const found = await action().catch((error) => ({ error: String(error) }));
  console.log(JSON.stringify([name, found]));
}
await client.close();
process.exit(0);
