import { strictEqual as equal } from "node:assert/strict";
import { INTERCEPTED_HOSTS } from "../../src/domain/hosts.ts";
import { pacFile, pacUrl } from "../../src/domain/pac.ts";

/** Runs the file as a browser does: its text defines one function of a fixed name. */
function proxyFor(url: string, host: string): string {
  const text = pacFile({ edgePort: 8081, hosts: INTERCEPTED_HOSTS });
  const find = new Function(`${text}; return FindProxyForURL;`)() as (url: string, host: string) => string;
  return find(url, host);
}

Deno.test("pacFile sends each metered host through the meter, or directly when that is gone", () => {
  for (const host of INTERCEPTED_HOSTS) {
    equal(proxyFor(`https://${host}/v1/messages`, host), "PROXY 127.0.0.1:8081; DIRECT");
  }
  equal(proxyFor("https://API.OpenAI.com./v1", "API.OpenAI.com."), "PROXY 127.0.0.1:8081; DIRECT");
});

Deno.test("pacFile sends everything else directly", () => {
  for (
    const host of [
      "example.com",
      "evil-api.openai.com",
      "api.openai.com.example.com",
      "x.api.openai.com",
      "localhost",
      "toString",
      "hasOwnProperty",
      "__proto__",
    ]
  ) {
    equal(proxyFor(`https://${host}/`, host), "DIRECT", host);
  }
  equal(proxyFor("http://api.openai.com/", "api.openai.com"), "DIRECT");
  equal(proxyFor("ws://api.openai.com/", "api.openai.com"), "DIRECT");
});

Deno.test("pacUrl is on this machine", () => equal(pacUrl(8765), "http://127.0.0.1:8765/proxy.pac"));
