/**
 * A recorded home, a stand-in for the team server and a bad line between them, for tests of sync.
 *
 * @module
 */

import { DIRECT } from "../../src/domain/upstream.ts";
import { type Config, defaultConfig, parseConfig } from "../../src/domain/config.ts";
import type { BodyRow, ExchangeRow } from "../../src/domain/exchange.ts";
import type { Credentials } from "../../src/os/cloud_credentials.ts";
import { type CloudLine, cloudLine } from "../../src/roles/cloud_line.ts";
import { syncSource } from "../../src/store/cloud_pending.ts";
import { beginPairing, carryOutSync, noteBodySync } from "../../src/store/cloud_record.ts";
import { type Database, openForWriting } from "../../src/store/database.ts";
import { type PassOptions, type PassResult, type PostLine, runPass } from "../../src/sync/pass.ts";
import { allowedFor } from "../../src/sync/privacy.ts";
import { type FlakyLink, flakyLink } from "../e2e/support/flaky_link.ts";
import { type StandInTeam, standInTeam, WORKSPACE } from "../e2e/support/stand_in_team.ts";
import { body, row, writerOf } from "../store/sample.ts";
import { withFolder } from "./tools.ts";

/** Everything that a pass needs. */
export interface SyncWorld {
  readonly folder: string;
  readonly path: string;
  readonly db: Database;
  readonly team: StandInTeam;
  readonly link: FlakyLink;
  readonly credentials: Credentials;
  readonly lines: PostLine[];
  /** Records a call now, with bodies if asked. */
  record(changes?: Partial<ExchangeRow>, bodies?: readonly BodyRow[]): string;
  /** Runs one pass. */
  pass(changes?: Partial<PassOptions>, cloud?: Config["cloud"]): Promise<PassResult>;
}

/** The pairing's settings, with changes as in config.toml. */
export function cloudConfig(changes: Record<string, unknown> = {}): Config["cloud"] {
  const { config } = parseConfig({ cloud: { enabled: true, ...changes } });
  return (config ?? defaultConfig()).cloud;
}

/** Two bodies with a rule that fired. */
export function bodies(request: string, response: string): BodyRow[] {
  return [
    body({ direction: "request", text: request, redactions: { email: 1, "aws-access-key": 2 } }),
    body({ direction: "response", text: response, redactions: {} }),
  ];
}

/** Runs a test in a world of its own that is paired. */
export async function withSyncWorld(test: (world: SyncWorld) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const path = `${folder}/home/db.sqlite`;
    const db = openForWriting(path, { now: Date.now() });
    const team = standInTeam();
    const link = flakyLink(team.url);
    const token = `hm_sync_${"t".repeat(43)}`;
    team.tokens.add(token);
    const credentials: Credentials = {
      token,
      baseUrl: link.url,
      workspaceId: WORKSPACE,
      workspaceName: "Example team",
      machineId: "0198a000-0000-4000-8000-00000000000a",
      hostname: "workstation",
    };
    const writer = writerOf(db);
    const lines: PostLine[] = [];
    const open: CloudLine[] = [];
    try {
      beginPairing(db, credentials, Date.now() - 1_000);
      await test({
        folder,
        path,
        db,
        team,
        link,
        credentials,
        lines,
        record(changes = {}, kept = []) {
          const call = row({ requestedAt: Date.now(), ...changes });
          writer.record(call, kept);
          writer.flush();
          return call.id;
        },
        pass(changes = {}, cloud = cloudConfig()) {
          const line = cloudLine({ baseUrl: link.url, token, upstream: DIRECT, version: "1.2.3" });
          open.push(line);
          noteBodySync(db, cloud.bodySync);
          return runPass({
            holder: "test",
            pairing: credentials,
            source: syncSource(() => db, credentials),
            keep: (command) => Promise.resolve(carryOutSync(db, command, Date.now())),
            client: line.client,
            envelope: {
              machineId: credentials.machineId,
              hostname: credentials.hostname,
              allowed: (project) => allowedFor(cloud.upload, project),
            },
            bodies: cloud.bodySync,
            stop: new AbortController().signal,
            posted: (line) => lines.push(line),
            nextTryAt: () => null,
            ...changes,
          });
        },
      });
    } finally {
      for (const line of open) line.close();
      await link.close();
      await team.stop();
      db.close();
    }
  });
}
