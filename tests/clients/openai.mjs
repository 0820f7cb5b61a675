// One streamed Responses call with the OpenAI SDK. Prints every event as JSON. Arguments: key, prompt.
import OpenAI from "openai";
import { EnvHttpProxyAgent } from "undici";

const [apiKey, input] = process.argv.slice(2);
const client = new OpenAI({ apiKey, maxRetries: 0, fetchOptions: { dispatcher: new EnvHttpProxyAgent() } });
const events = [];
const stream = await client.responses.create({ model: "gpt-6-sol", stream: true, input });
for await (const event of stream) events.push(event);
console.log(JSON.stringify({ events }));
process.exit(0);
