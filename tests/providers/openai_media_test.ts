import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { mapMediaUsage } from "../../src/providers/openai_usage.ts";
import { counts, readOne, sse } from "./feed.ts";

const IMAGES = "POST api.openai.com/v1/images/generations";
const USAGE = {
  input_tokens: 50,
  input_tokens_details: { image_tokens: 40, text_tokens: 10 },
  output_tokens: 4160,
  total_tokens: 4210,
};

Deno.test("MediaFormat reads images, streamed or not", () => {
  const request = { model: "gpt-image-2", stream: true };
  const document = readOne({
    call: IMAGES,
    request,
    response: { created: 1, data: [{ b64_json: "AAAA" }], usage: USAGE },
  });
  const partial = { type: "image_generation.partial_image", b64_json: "AAAA" };
  const streamed = readOne({
    call: IMAGES,
    request,
    response: sse([partial, { type: "image_generation.completed", usage: USAGE }], true),
  });
  for (const reading of [document, streamed]) {
    deepEqual([counts(reading), reading.kind, reading.complete], [[50, 0, 0, 0, 4160, 0], "image", true]);
    deepEqual([reading.parts[0].model, reading.parts[0].modalities], ["gpt-image-2", { inputImage: 40 }]);
  }
  deepEqual([document.mode, streamed.mode], ["standard", "streaming"]);
  const cut = readOne({ call: IMAGES, request, response: sse([partial], true) });
  deepEqual([cut.usageUnknown, cut.complete], ["cut", false]);
});

Deno.test("MediaFormat says that a model reported nothing", () => {
  const reading = readOne({
    call: IMAGES,
    request: { model: "dall-e-3" },
    response: { created: 1, data: [{ url: "x" }] },
  });
  deepEqual([reading.usageUnknown, reading.complete, reading.requestedModel], ["not_reported", true, "dall-e-3"]);
});

Deno.test("MediaFormat reads transcription by tokens and the model of the form", () => {
  const boundary = "--b";
  const form = [
    `${boundary}\r\nContent-Disposition: form-data; name="file"; filename="model"\r\nContent-Type: audio/wav\r\n\r\nname="model"\r\n\r\nfake\r\n`,
    `${boundary}\r\ncontent-disposition: form-data; name="model"\r\n\r\ngpt-4o-transcribe\r\n${boundary}--\r\n`,
  ];
  const usage = {
    type: "tokens",
    input_tokens: 14,
    input_token_details: { text_tokens: 4, audio_tokens: 10 },
    output_tokens: 45,
    total_tokens: 59,
  };
  for (
    const response of [
      { text: "x", usage },
      sse([{ type: "transcript.text.delta", delta: "x" }, { type: "transcript.text.done", usage }], true),
    ]
  ) {
    const reading = readOne({
      call: "POST api.openai.com/v1/audio/transcriptions",
      request: form.join(""),
      requestHeaders: { "content-type": "multipart/form-data; boundary=b" },
      response,
    });
    deepEqual([counts(reading), reading.kind, reading.requestedModel], [
      [14, 0, 0, 0, 45, 0],
      "audio",
      "gpt-4o-transcribe",
    ]);
    deepEqual(reading.parts[0].modalities, { inputAudio: 10 });
  }
});

Deno.test("MediaFormat finds the model of a form behind a large file", () => {
  const head = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n';
  const tail = '\r\n--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n--b--\r\n';
  const reading = readOne({
    call: "POST api.openai.com/v1/audio/transcriptions",
    request: head + "x".repeat(300_000) + tail,
    requestHeaders: { "content-type": "multipart/form-data; boundary=b" },
    response: { text: "x" },
  });
  equal(reading.requestedModel, "whisper-1");
});

Deno.test("MediaFormat reads subtitles and raw audio as complete and not reported", () => {
  for (const [path, type] of [["transcriptions", "text/plain; charset=utf-8"], ["speech", "audio/mpeg"]]) {
    const reading = readOne({
      call: `POST api.openai.com/v1/audio/${path}`,
      request: { model: "m" },
      response: "1\n00:00 --> 00:01\nHello",
      headers: { "content-type": type ?? "" },
    });
    deepEqual([reading.usageUnknown, reading.complete, reading.mode], ["not_reported", true, "standard"]);
  }
});

Deno.test("mapMediaUsage() takes the cached audio and images of a voice session out of its prompt", () => {
  const usage = (details: Record<string, unknown>) =>
    mapMediaUsage({ input_tokens: 1000, output_tokens: 50, total_tokens: 1050, input_token_details: details });
  const whole = { text_tokens: 500, audio_tokens: 400, image_tokens: 100, cached_tokens: 300 };
  const told = usage({ ...whole, cached_tokens_details: { text_tokens: 100, audio_tokens: 150, image_tokens: 50 } });
  deepEqual([told.usage.input, told.usage.cacheRead], [700, 300]);
  deepEqual(told.modalities, { inputAudio: 250, inputImage: 50, cacheReadAudio: 150, cacheReadImage: 50 });
  deepEqual(usage(whole).modalities, { inputAudio: 400, inputImage: 100 }, "not told whether images were cached");
  deepEqual(usage({ text_tokens: 1000, image_tokens: 0, cached_tokens: 300 }).modalities, { cacheReadImage: 0 });
});
