import { strictEqual as equal } from "node:assert/strict";
import { surfaceFor, SURFACES } from "../../src/providers/surfaces.ts";
import { facts } from "./feed.ts";

/** What is read. */
const READ: Readonly<Record<string, string>> = {
  "GET generativelanguage.googleapis.com/download/v1beta/files/b:download?alt=media": "gemini.batch_output",
  "POST daily-cloudcode-pa.googleapis.com/v1internal:generateContent": "cloudcode.generate",
  "POST api.anthropic.com/v1/messages": "anthropic.messages",
  "POST api.anthropic.com/v1/messages?beta=true": "anthropic.messages",
  "POST api.anthropic.com/v1/messages/count_tokens": "anthropic.count_tokens",
  "GET api.anthropic.com/v1/messages/batches/b/results": "anthropic.batch_results",
  "POST api.anthropic.com/v1/complete": "anthropic.complete",
  "GET api.anthropic.com/v1/sessions/s/events": "anthropic.session_events",
  "GET api.anthropic.com/v1/sessions/s/threads/t/events/stream": "anthropic.session_events",
  "POST api.openai.com/v1/chat/completions": "openai.chat",
  "POST api.openai.com/v1/responses?beta=true": "openai.responses",
  "GET api.openai.com/v1/responses/r?stream=true&starting_after=3": "openai.responses_retrieve",
  "POST api.openai.com/v1/responses/r/cancel": "openai.responses_cancel",
  "POST api.openai.com/v1/responses/compact": "openai.responses_compact",
  "POST api.openai.com/v1/responses/input_tokens": "openai.input_tokens",
  "POST api.openai.com/v1/completions": "openai.completions",
  "POST api.openai.com/v1/embeddings": "openai.embeddings",
  "POST api.openai.com/v1/decisions": "openai.decisions",
  "POST api.openai.com/v1/images/edits": "openai.images",
  "POST api.openai.com/v1/audio/translations": "openai.transcription",
  "POST api.openai.com/v1/audio/speech": "openai.speech",
  "GET api.openai.com/v1/files/f/content": "openai.batch_output",
  "POST api.openai.com/v1/threads/runs": "openai.runs_start",
  "GET api.openai.com/v1/threads/t/runs/r": "openai.runs_poll",
  "POST api.openai.com/v1/videos": "openai.videos",
  "POST chatgpt.com/backend-api/codex/responses": "codex.responses",
  "POST chatgpt.com/backend-api/codex/responses/compact": "codex.responses_compact",
  "POST chatgpt.com/backend-api/codex/images/generations": "codex.images",
  "POST chatgpt.com/backend-api/codex/alpha/search": "codex.search",
  "POST generativelanguage.googleapis.com/v1/models/m:generateContent": "gemini.generate",
  "POST generativelanguage.googleapis.com/v1beta1/models/m:generateContent": "gemini.generate",
  "POST generativelanguage.googleapis.com/v1alpha/tunedModels/m:streamGenerateContent?alt=sse&key=k": "gemini.stream",
  "POST generativelanguage.googleapis.com/v1beta/models/m:embedContent": "gemini.embed",
  "POST generativelanguage.googleapis.com/v1beta/models/m:batchEmbedContents": "gemini.embed",
  "POST generativelanguage.googleapis.com/v1beta/models/m:countTokens": "gemini.count_tokens",
  "POST generativelanguage.googleapis.com/v1beta/models/m:predict": "gemini.predict",
  "POST generativelanguage.googleapis.com/v1beta/interactions": "gemini.interactions",
  "GET generativelanguage.googleapis.com/v1beta/interactions/i": "gemini.interactions_retrieve",
  "POST generativelanguage.googleapis.com/v1beta/interactions/i/cancel": "gemini.interactions_cancel",
  "POST generativelanguage.googleapis.com/v1beta/openai/chat/completions": "gemini.openai_chat",
  "POST generativelanguage.googleapis.com/v1beta/openai/embeddings": "gemini.openai_embeddings",
  "POST generativelanguage.googleapis.com/v1beta/openai/images/generations": "gemini.openai_images",
  "GET generativelanguage.googleapis.com/v1beta/batches/b": "gemini.batch",
  "POST generativelanguage.googleapis.com/v1beta/cachedContents": "gemini.cached_contents",
  "POST cloudcode-pa.googleapis.com/v1internal:generateContent": "cloudcode.generate",
  "POST cloudcode-pa.googleapis.com/v1internal:streamGenerateContent?alt=sse": "cloudcode.stream",
  "POST cloudcode-pa.googleapis.com/v1internal:countTokens": "cloudcode.count_tokens",
  "POST api.x.ai/v1/chat/completions": "xai.chat",
  "GET api.x.ai/v1/chat/deferred-completion/d": "xai.deferred",
  "POST api.x.ai/v1/responses": "xai.responses",
  "GET api.x.ai/v1/responses/r": "xai.responses_retrieve",
  "POST api.x.ai/v1/completions": "xai.completions",
  "POST api.x.ai/v1/embeddings": "xai.embeddings",
  "POST api.x.ai/v1/messages": "xai.messages",
  "POST api.x.ai/v1/complete": "xai.complete",
  "POST api.x.ai/v1/images/generations": "xai.images",
  "POST api.x.ai/v1/videos/generations": "xai.videos",
  "POST api.x.ai/v1/tts": "xai.audio",
};

/** What is read once the provider has switched to WebSocket. */
const SOCKETS: Readonly<Record<string, string>> = {
  "GET api.openai.com/v1/live/sessions": "openai.live",
  "GET api.openai.com/v1/realtime/translations?model=m": "openai.realtime_translation",
  "GET api.openai.com/v1/responses": "openai.responses_socket",
  "GET chatgpt.com/backend-api/codex/responses": "codex.responses_socket",
  "GET api.openai.com/v1/realtime?model=gpt-realtime": "openai.realtime",
  "GET api.openai.com/v1/realtime?intent=transcription": "openai.realtime",
  "GET api.x.ai/v1/responses": "xai.responses_socket",
  "GET api.x.ai/v1/realtime?model=grok-voice-latest": "xai.realtime",
  "GET generativelanguage.googleapis.com//ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=k":
    "gemini.live",
  "GET generativelanguage.googleapis.com/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContentConstrained":
    "gemini.live",
};

const UPGRADE = { connection: "Upgrade", upgrade: "WebSocket" };

/** What gets no row. */
const IGNORED: readonly string[] = [
  "GET api.anthropic.com/v1/messages",
  "HEAD api.anthropic.com/v1/messages",
  "OPTIONS api.openai.com/v1/chat/completions",
  "POST api.anthropic.com/v1/messages/",
  "POST api.anthropic.com/V1/messages",
  "POST api.anthropic.com//v1/messages",
  "POST api.anthropic.com/v1/messages/batches",
  "GET api.anthropic.com/v1/messages/batches/b",
  "GET api.anthropic.com/v1/messages/batches/b/c/results",
  "GET api.anthropic.com/v1/models",
  "HEAD api.anthropic.com/api/hello",
  "POST api.anthropic.com/api/event_logging/v2/batch",
  "GET api.openai.com/v1/responses",
  "GET api.openai.com/v1/responses/r/input_items",
  "DELETE api.openai.com/v1/responses/r",
  "POST api.openai.com/v1/moderations",
  "GET api.openai.com/v1/batches/b",
  "GET api.openai.com/v1/models",
  "POST api.openai.com/v1/messages",
  "POST api.openai.com/v1/realtime/calls",
  // An observer of a session that another connection pays for.
  "GET api.openai.com/v1/live/sessions/s/attach",
  "POST api.openai.com/v1/live/sessions",
  "GET chatgpt.com/backend-api/codex/responses",
  "GET chatgpt.com/backend-api/codex/models?client_version=1",
  "GET chatgpt.com/backend-api/wham/accounts/check",
  "POST chatgpt.com/backend-api/conversation",
  "GET generativelanguage.googleapis.com/v1beta/models",
  "POST generativelanguage.googleapis.com/v1beta/models/m:batchGenerateContent",
  "POST generativelanguage.googleapis.com/v1beta/models/a/b:generateContent",
  "POST generativelanguage.googleapis.com/upload/v1beta/files",
  "POST cloudcode-pa.googleapis.com/v1internal:loadCodeAssist",
  "GET cloudcode-pa.googleapis.com/v1internal:getCodeAssistGlobalUserSetting",
  "GET api.x.ai/v1/models",
  "POST api.x.ai/v1/tokenize-text",
  "POST example.com/v1/messages",
];

Deno.test("surfaceFor() reads each path of the providers that bills", () => {
  for (const [call, name] of Object.entries(READ)) equal(surfaceFor(facts({ call }))?.name, name, call);
});

Deno.test("surfaceFor() gives none for every other method, host and path", () => {
  for (const call of IGNORED) equal(surfaceFor(facts({ call })), null, call);
});

Deno.test("surfaceFor() reads a socket only where one is asked for, on the paths that bill", () => {
  for (const [call, name] of Object.entries(SOCKETS)) {
    const surface = surfaceFor(facts({ call, requestHeaders: UPGRADE }));
    equal(surface?.name, name, call);
    equal(typeof surface?.openSocket, "function", call);
    equal(surfaceFor(facts({ call })), null, call);
    equal(surfaceFor(facts({ call, requestHeaders: { upgrade: "h2c" } })), null, call);
  }
  for (const call of [...IGNORED, ...Object.keys(READ)]) {
    if (Object.hasOwn(SOCKETS, call)) continue;
    equal(surfaceFor(facts({ call, requestHeaders: UPGRADE }))?.openSocket, undefined, call);
  }
});

Deno.test("SURFACES has at most one match for a request, and each is tried here", () => {
  for (const call of Object.keys(READ)) {
    equal(SURFACES.filter((surface) => surface.matches(facts({ call }))).length, 1, call);
  }
  for (const call of Object.keys(SOCKETS)) {
    const request = facts({ call, requestHeaders: UPGRADE });
    equal(SURFACES.filter((surface) => surface.matches(request)).length, 1, call);
  }
  const names = new Set([...Object.values(READ), ...Object.values(SOCKETS)]);
  for (const surface of SURFACES) equal(names.has(surface.name), true, surface.name);
});
