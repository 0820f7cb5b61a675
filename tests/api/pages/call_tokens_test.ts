import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { tokenKinds } from "../../../src/api/pages/call_tokens.tsx";
import { requestDetail } from "../../../src/store/request_detail.ts";
import { cutRow, row, withDatabase, write } from "../../store/sample.ts";

Deno.test("tokenKinds() are disjoint: thinking is taken out of the output", async () => {
  await withDatabase((db) => {
    const [whole, cut] = [row(), cutRow()];
    write(db, [whole, cut]);
    const kindsOf = (id: string) => {
      const detail = requestDetail(db, id);
      if (detail === null) throw new Error("The call is not there");
      return tokenKinds(detail);
    };
    deepEqual(kindsOf(whole.id).map(({ value }) => value), [100, 20, 7, 40, 10]);
    equal(kindsOf(whole.id)[2]?.note, "3 for 5 min, 4 for 1 h");
    deepEqual(kindsOf(cut.id).map(({ value }) => value), [null, null, null, null, null]);
  });
});
