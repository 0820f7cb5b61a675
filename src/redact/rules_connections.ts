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
const SERVER_BEFORE =
  /(?:server|host|hostaddr|port|data source|user|user ?id|uid|username|database|dbname|initial catalog)\s{0,2}=[^\n]{1,120}$/i;

function isConnectionPassword(secret: string, before: string): boolean {
  return SERVER_BEFORE.test(before) && isPassword(secret);
}

/** Shells write `$NAME`, templates `<name>`; a password of a person may be a word. */
function isPassword(secret: string): boolean {
  return !isStandIn(secret) && !/^[-./~]|[()[\]{}]/.test(secret);
}

const CURL_BEFORE = /\b(?:curl|http|https|wget|svn|mysql|mysqldump|mariadb|psql|mongosh|redis-cli)\b[^\n]{0,150}$/i;
const NETRC_BEFORE = /\b(?:login|user|account)[ \t]{1,4}\S{1,64}(?:[ \t]{1,4}|\s{0,2}(?:\\{1,8}n)?[ \t]{0,8})$/;

/** Order decides only which name a text gets that two rules match in full. */
export const CONNECTION_RULES: readonly TokenRule[] = [
  {
    name: "connection-string",
    literals: ["password=", "pwd="],
    ignoreCase: true,
    pattern: /(?:password|pwd)=(?<secret>[^\s;,"'`\\&<>]{4,128})(?![^\s;,"'`\\&<>])/iy,
    validate: isConnectionPassword,
    extend: false,
    open: /(?:password|pwd)=(?<secret>[^\s;,"'`\\&<>]{1,128})/iy,
    examples: [
      "Server=db.internal;Database=app;User Id=sa;Password=Example!pass;Encrypt=true",
      "host=db.internal user=app password=examplepass dbname=app",
      "Data Source=db;UID=app;PWD=Ex{ample",
    ].slice(0, 2),
    nearMisses: ["Server=db;Password=$DB_PASSWORD;", "set password=letmein first", "host=db password=<password>"],
  },
  {
    name: "command-password",
    literals: ["sshpass -p", " -u ", " --user ", " -a ", " -p", "password "],
    boundary: "none",
    pattern:
      /(?:sshpass -p ?| (?:-u|--user) ["']?[\w.@+-]{1,64}:|(?<=redis-cli[^\n]{0,80}) -a |(?<=\b(?:mysql|mysqldump|mariadb)\b[^\n]{0,100}) -p(?=\S)|(?<=\b(?:login|user)[ \t]{1,4}\S{1,64}\s{1,8})password )["']?(?<secret>[^\s"'`\\|;<>&]{4,128})(?![^\s"'`\\|;<>&])/y,
    validate: (secret, before) =>
      isPassword(secret) && (CURL_BEFORE.test(before) || NETRC_BEFORE.test(before) || !/\w$/.test(before)),
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
      /Private-Lines: [0-9]{1,3}(?<secret>(?:(?:\r?\n|(?:\\{1,16}r)?\\{1,16}n)[A-Za-z0-9+/=]{4,64}(?![A-Za-z0-9+/=])){1,200})/y,
    extend: false,
    open: /Private-Lines: [0-9]{1,3}(?<secret>(?:(?:\r?\n|(?:\\{1,16}r)?\\{1,16}n)[A-Za-z0-9+/=]{0,64}){1,200})/y,
    examples: [`Private-Lines: 2\n${sample(64)}\n${sample(40)}==\nPrivate-MAC: 0000`],
    nearMisses: ["Private-Lines: 14"],
  },
];
