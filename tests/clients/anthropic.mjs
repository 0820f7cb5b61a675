// One streamed call with the Anthropic SDK. Prints every event as JSON. Arguments: key, prompt.
import Anthropic from "@anthropic-ai/sdk";
import { EnvHttpProxyAgent } from "undici";

const [apiKey, content] = process.argv.slice(2);
const client = new Anthropic({ apiKey, maxRetries: 0, fetchOptions: { dispatcher: new EnvHttpProxyAgent() } });
const events = [];
const stream = await client.messages.create({
  model: "claude-opus-5",
  max_tokens: 64,
  stream: true,
  messages: [{ role: "user", content }],
});
for await (const event of stream) events.push(event);
console.log(JSON.stringify({ events }));
process.exit(0);
