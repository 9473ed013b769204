#!/usr/bin/env bash
# A timetable service in TypeScript. Writes
#   github-tsc-failed.log            two type errors, after a lint step that only warns

source "$(dirname "$0")/common.sh"
project timetable
mkdir -p src scripts

cat >package.json <<'JSON'
{
  "name": "timetable",
  "version": "1.2.0",
  "private": true,
  "scripts": {
    "lint": "node scripts/lint.js src",
    "build": "tsc --project tsconfig.json --listEmittedFiles"
  },
  "devDependencies": {
    "typescript": "5.4.5"
  }
}
JSON
cat >tsconfig.json <<'JSON'
{ "compilerOptions": { "strict": true, "target": "es2022", "module": "commonjs", "outDir": "dist", "noEmitOnError": true }, "include": ["src"] }
JSON
cat >scripts/lint.js <<'JS'
const fs = require('fs');
let warnings = 0;
for (const name of fs.readdirSync(process.argv[2])) {
  fs.readFileSync(`${process.argv[2]}/${name}`, 'utf8').split('\n').forEach((line, at) => {
    if (/\bany\b|console\.|TODO/.test(line)) {
      console.log(`src/${name}:${at + 1}  warning  ${line.trim().slice(0, 60)}`);
      warnings++;
    }
  });
}
console.log(`\n✖ ${warnings} problems (0 errors, ${warnings} warnings)`);
JS
cat >src/time.ts <<'TS'
export type Minutes = number;

export function parse(text: string): Minutes | undefined {
  const match = /^(\d{1,2}):(\d{2})$/.exec(text);
  if (!match) {
    console.error(`error: not a time: ${text}`);
    return undefined;
  }
  return Number(match[1]) * 60 + Number(match[2]);
}

export function format(time: Minutes): string {
  return `${Math.floor(time / 60)}:${String(time % 60).padStart(2, '0')}`;
}
TS
cat >src/train.ts <<'TS'
import { Minutes, parse } from './time';

export interface Stop {
  station: string;
  arrives: Minutes;
  platform?: string;
}

export class Train {
  readonly stops: Stop[] = [];
  constructor(readonly name: string) {}

  // TODO: check that the times increase
  stop(station: string, time: string): this {
    this.stops.push({ station, arrives: parse(time) });
    return this;
  }
}
TS
cat >src/board.ts <<'TS'
import { format } from './time';
import { Train } from './train';

export function board(trains: Train[], station: string): string[] {
  const rows: any[] = [];
  for (const train of trains) {
    for (const stop of train.stops.filter((s) => s.station === station)) {
      rows.push(`${format(stop.arrives)} ${train.name} ${stop.platfrom ?? '-'}`);
    }
  }
  return rows.sort();
}
TS
cat >src/main.ts <<'TS'
import { board } from './board';
import { Train } from './train';

const trains = [
  new Train('RE 7').stop('Aachen', '9:05').stop('Köln', '10:02'),
  new Train('IC 2').stop('Köln', '9:58').stop('Bonn', '10:20'),
];
console.log(board(trains, 'Köln').join('\n'));
TS

npm install >/dev/null 2>&1
rm -rf node_modules
github github-tsc-failed.log --repo northwind-lab/timetable --env FORCE_COLOR=0 \
    'node --version' 'npm ci --offline' 'npm run lint' 'npm run build' 'node dist/main.js'
