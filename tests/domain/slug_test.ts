import { strictEqual as equal } from "node:assert/strict";
import { isSlug, normalizeSlug } from "../../src/domain/slug.ts";

Deno.test("isSlug accepts the documented characters", () => {
  for (const slug of ["misc", "billing-2", "team:billing/api_v2", "7", "_x", "a".repeat(128)]) {
    equal(isSlug(slug), true, slug);
  }
});

Deno.test("isSlug refuses everything else", () => {
  for (const slug of ["", "Billing", "a b", "a.b", "ü", "-", ":/", "a\n", "a\0", "a".repeat(129)]) {
    equal(isSlug(slug), false, JSON.stringify(slug));
  }
});

Deno.test("normalizeSlug makes a slug of a folder name", () => {
  equal(normalizeSlug("My App (2024)"), "my-app-2024");
  equal(normalizeSlug(".dotfiles"), "dotfiles");
  equal(normalizeSlug("a_b:c"), "a_b:c");
  equal(normalizeSlug("Größe"), "gr-e");
});

Deno.test("normalizeSlug gives a slug or nothing, whatever the name", () => {
  for (const name of ["", "...", "日本", "---", "x".repeat(500), `${"x".repeat(127)} y`, "::"]) {
    const slug = normalizeSlug(name);
    equal(slug === null || isSlug(slug), true, name);
  }
  equal(normalizeSlug("日本"), null);
  equal(normalizeSlug(""), null);
});
