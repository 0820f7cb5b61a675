/**
 * Passwords on the way to a server: connection strings, command lines, login files; and keys in files of their own. Data.
 *
 * Sources: PostgreSQL (libpq), ADO.NET, the manuals of curl, sshpass and mysql, the netrc file, PuTTY, age.
 *
 * @module
 */

import { isStandIn } from "./checks.ts";
import type { TokenRule } from "./rule.ts";
import { sample } from "./samples.ts";

/** What a connection string says before its password. */
const SERVER_NAMES =
  "(?:server|host|hostaddr|port|data source|user|user ?id|uid|username|database|dbname|initial catalog)[ \\t]{0,2}=";
const SERVER = new RegExp(SERVER_NAMES, "i");

/** How far before the password the server is looked for: a host name, a database and a user's name. */
const SERVER_WINDOW = 120;

function isConnectionPassword(secret: string, before: string): boolean {
  if (!isPassword(secret)) return false;
  return SERVER.test(before.slice(Math.max(before.lastIndexOf("\n") + 1, before.length - SERVER_WINDOW)));
}

/** Shells write `$NAME`, templates `<name>`; a password of a person may be a word. */
function isPassword(secret: string): boolean {
  return !isStandIn(secret) && !/^[-./~]|[()[\]{}]$/.test(secret);
}

/** Option → programs that take a password with it. A word search, because a pattern over the line costs too much. */
const PROGRAMS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^ (?:-u|--user) /, ["curl ", "http ", "https ", "wget ", "svn "]],
  [/^ -a /, ["redis-cli "]],
  [/^ -p /, [
    "docker login ",
    "podman login ",
    "helm registry login ",
    "twine upload ",
    "az login ",
    "oc login ",
    "mongosh ",
  ]],
  [/^ -p/, ["mysql ", "mysqldump ", "mysqladmin ", "mariadb "]],
];
/** A line of a netrc file: `machine host login name password …`, on one line or on three. */
const LOGIN_BEFORE = /(?:login|user)[ \t]{1,4}[^\s\\]{1,64}(?:\s|\\n){1,8}$/;

/** After the quote that ends a string of JSON stands a sign or a blank. */
const QUOTE = String.raw`(?:'|\\{0,31}"(?=[\w!@#$%^*+]))?`;

/** A bracket belongs to the password where more of it follows. */
const ARGUMENT = String.raw`${QUOTE}(?<secret>(?:[^\s"'\`\\|;<>&()]|[()](?=[\w])){4,128})(?![^\s"'\`\\|;<>&()])`;

function isArgument(secret: string, before: string, whole: string): boolean {
  if (!isPassword(secret)) return false;
  if (whole.startsWith("password")) return LOGIN_BEFORE.test(before.slice(-96));
  const [, programs] = PROGRAMS.find(([option]) => option.test(whole)) ?? [null, null];
  const line = `${before} `;
  return programs === null || programs.some((program) => line.includes(program));
}

/** Order decides only which name a text gets that two rules match in full. */
export const CONNECTION_RULES: readonly TokenRule[] = [
  {
    name: "connection-string",
    literals: ["password=", "pwd="],
    ignoreCase: true,
    pattern: /(?<=[;\s"'&?-]|\\[nrt])(?:password|pwd)=(?<secret>[^\s;,"'`\\&<>]{4,128})(?![^\s;,"'`\\&<>])/iy,
    validate: isConnectionPassword,
    extend: false,
    open: new RegExp(
      `(?<=${SERVER_NAMES}[^\\n]{1,120})(?:password|pwd)=(?<secret>[^\\s;,"'\`\\\\&<>]{1,128})`,
      "iy",
    ),
    examples: [
      "Server=db.internal;Database=app;User Id=sa;Password=Example!pass;Encrypt=true",
      "host=db.internal user=app password=examplepass dbname=app",
    ],
    nearMisses: ["Server=db;Password=$DB_PASSWORD;", "set password=letmein first", "host=db password=<password>"],
  },
  {
    name: "command-password",
    literals: ["sshpass -p", " -u ", " --user ", " -a ", " -p", "password "],
    boundary: "none",
    pattern: new RegExp(
      String.raw`(?:sshpass -p ?| (?:-u|--user) ${QUOTE}[\w.@+-]{1,64}:| -a | -p ?(?=\S)|password )` + ARGUMENT,
      "y",
    ),
    validate: isArgument,
    extend: false,
    open: false,
    examples: [
      "curl -s -u alice:examplepass https://host.internal/",
      "sshpass -p 'examplepass' ssh root@host",
      "machine host.internal login alice password examplepass",
      "mysql -h db -uroot -pexamplepass app",
      "redis-cli -h cache -a examplepass ping",
    ],
    nearMisses: [
      "docker run -u 1000:1000 image",
      "mkdir -p build/output",
      "your password is safe with us",
      "curl -u $USER:$PASS https://host.internal/",
      "mysql -p app",
    ],
  },
  {
    name: "age-key",
    literals: ["AGE-SECRET-KEY-1"],
    pattern: /AGE-SECRET-KEY-1[A-Z0-9]{40}/y,
    examples: [`AGE-SECRET-KEY-1${sample(58).toUpperCase()}`],
    nearMisses: ["AGE-SECRET-KEY-1…"],
  },
  {
    name: "putty-key",
    literals: ["Private-Lines: "],
    boundary: "none",
    pattern:
      /Private-Lines: [0-9]{1,3}(?<secret>(?:(?:\r?\n|(?:\\{1,16}r)?\\{1,16}n)[A-Za-z0-9+/=]{4,64}(?![A-Za-z0-9+/=:-])){1,200})/y,
    extend: false,
    open: /Private-Lines: [0-9]{1,3}(?<secret>(?:(?:\r?\n|(?:\\{1,16}r)?\\{1,16}n)[A-Za-z0-9+/=]{0,64}){1,200})/y,
    examples: [`Private-Lines: 2\n${sample(64)}\n${sample(40)}==\nPrivate-MAC: 0000`],
    nearMisses: ["Private-Lines: 14"],
  },
];
