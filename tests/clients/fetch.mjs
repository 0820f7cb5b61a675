// One streamed call with fetch through undici's proxy agents. Prints what came as JSON.
// Arguments: key, prompt, "env" (the agent reads the environment) or "proxy" (it is given the proxy).
import { EnvHttpProxyAgent, fetch, ProxyAgent } from "undici";

const [key, prompt, kind] = process.argv.slice(2);
const dispatcher = kind === "env" ? new EnvHttpProxyAgent() : new ProxyAgent(process.env.HTTPS_PROXY);
const response = await fetch("https://api.anthropic.com/v1/messages", {
  method: "POST",
  dispatcher,
  headers: {
    "x-api-key": key,
    "Anthropic-Version": "2023-06-01",
    "content-type": "application/json",
  },
  body: JSON.stringify({
    model: "claude-opus-5",
    max_tokens: 64,
    stream: true,
    messages: [{ role: "user", content: prompt }],
  }),
});
let body = "";
for await (const chunk of response.body) body += Buffer.from(chunk).toString("latin1");
console.log(JSON.stringify({ status: response.status, headers: [...response.headers], body }));
await dispatcher.close();
