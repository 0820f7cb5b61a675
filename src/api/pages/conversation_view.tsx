/**
 * A stored body as a conversation, and as the text that it is.
 *
 * Nothing of a body is ever markup here: all of it passes through {@link Marked} as text.
 *
 * Imports: hono/jsx, store (types), pages.
 *
 * @module
 */

import type { StoredBody } from "../../store/bodies.ts";
import { indented } from "./conversation/json.ts";
import { readRequest, readResponse } from "./conversation/read.ts";
import type { Conversation, Part, Role, Turn } from "./conversation/turns.ts";
import { bytes, counted } from "./format.ts";
import { Marked, visible } from "./marked.tsx";

/** Longer texts get a box of their own that scrolls. */
const LONG = 4_000;

const WHO: Readonly<Record<Role, string>> = { system: "System", user: "User", assistant: "Assistant", tool: "Tool" };

/** One body. */
export function BodyView({ body }: { body: StoredBody }) {
  const request = body.direction === "request";
  const conversation = conversationOf(() => request ? readRequest(body.text) : readResponse(body.text));
  const fired = Object.entries(body.redactions);
  const times = fired.reduce((sum, [, count]) => sum + count, 0);
  const title = request ? "Request" : "Response";
  return (
    <section class="card" aria-labelledby={`body-${body.direction}`}>
      <header>
        <h2 id={`body-${body.direction}`}>{title}</h2>
        <span class="muted small">
          {visible(body.contentType ?? "no content type")} · {bytes(body.originalSize)}
        </span>
        {times === 0
          ? null
          : (
            <span class="tag warn" title={fired.map(([rule, count]) => `${rule} ${count}`).join(", ")}>
              {counted(times, "redaction")}
            </span>
          )}
      </header>
      {body.truncated ? <Cut body={body} /> : null}
      {conversation === null
        ? <p class="muted">This is not a conversation in a format that is known here. The text as it is stored:</p>
        : <Spoken conversation={conversation} />}
      <details open={conversation === null}>
        <summary>Raw text</summary>
        <pre
          class="raw"
          tabindex={0}
        ><Marked text={body.contentType?.includes("json") === true ? indented(body.text) : body.text} /></pre>
      </details>
    </section>
  );
}

/** `null` also for blocks within blocks within blocks, as deep as no provider nests them: the raw text can still be shown. */
function conversationOf(read: () => Conversation | null): Conversation | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function Cut({ body }: { body: StoredBody }) {
  const kept = new TextEncoder().encode(body.text).length;
  return (
    <p class="cut small">
      {`Cut: the first ${bytes(kept)} of ${
        bytes(body.originalSize)
      } are stored. The counts above come from the whole of it.`}
    </p>
  );
}

function Spoken({ conversation }: { conversation: Conversation }) {
  const { turns, tools, settings } = conversation;
  return (
    <>
      {settings.length === 0 && tools.length === 0 ? null : (
        <p class="muted small body-facts">
          {settings.map(([name, value]) => `${visible(name)} ${visible(value)}`).join(" · ")}
          {settings.length > 0 && tools.length > 0 ? " · " : ""}
          {tools.length === 0 ? null : <ToolNames names={tools} />}
        </p>
      )}
      {turns.length === 0 ? <p class="muted">Nothing was said.</p> : turns.map((turn) => <TurnView turn={turn} />)}
    </>
  );
}

function ToolNames({ names }: { names: readonly string[] }) {
  const shown = names.slice(0, 12).map(visible).join(", ");
  return <span>{`${counted(names.length, "tool")}: ${shown}${names.length > 12 ? ", …" : ""}`}</span>;
}

function TurnView({ turn }: { turn: Turn }) {
  return (
    <div class={`turn ${turn.role}`}>
      <p class="who">{WHO[turn.role]}</p>
      <div class="parts">
        {turn.parts.length === 0 ? <p class="muted">(empty)</p> : turn.parts.map((part) => <PartView part={part} />)}
      </div>
    </div>
  );
}

function PartView({ part }: { part: Part }) {
  switch (part.kind) {
    case "text":
      return <Said text={part.text} />;
    case "thinking":
      return (
        <details open={part.text.length <= LONG}>
          <summary>Thinking</summary>
          <div class="thought">
            <Said text={part.text} />
          </div>
        </details>
      );
    case "call":
      return <ToolBox caption={`Calls ${visible(part.name)}`} text={part.input} />;
    case "result":
      return <ToolBox caption={`${part.failed ? "Error from a tool" : "Result"}${ofWhat(part.of)}`} text={part.text} />;
    case "media":
      return (
        <p class="media">
          {part.what}
          {part.detail === null ? "" : `, ${visible(part.detail)}`} <span class="small">(not shown)</span>
        </p>
      );
    case "note":
      return (
        <p class="muted small">
          <Marked text={part.text} />
        </p>
      );
  }
}

function ofWhat(of: string | null): string {
  return of === null ? "" : ` of ${visible(of)}`;
}

function Said({ text }: { text: string }) {
  if (text.length <= LONG) {
    return (
      <div class="said">
        <Marked text={text} />
      </div>
    );
  }
  return (
    <div class="said long" role="group" aria-label="A long text" tabindex={0}>
      <Marked text={text} />
    </div>
  );
}

function ToolBox({ caption, text }: { caption: string; text: string }) {
  return (
    <div class="tool-box">
      <p class="cap">{caption}</p>
      <pre tabindex={0} aria-label={caption} role="group"><Marked text={text} /></pre>
    </div>
  );
}
