// A device's bytes over time: pinned and evictable stacked, the size and the watermarks as lines.

import { svg } from './dom.js';
import { bytes } from './format.js';

const height = 160;
const left = 4;
const right = 100;
const top = 12;
const bottom = 22;
const spans = [1, 5, 15];

// points: [{ at, pinned, evictable }], ascending; lines: [{ name, value, kind }]; most: the axis' end in bytes; room: pixels across.
export function memoryChart(points, lines, most, label, room) {
  // As wide as its place, so that text keeps its size.
  const width = Math.round(Math.max(300, Math.min(700, room)));
  const now = points.at(-1).at;
  // The shortest axis that all points fit: a server that has just begun does not show a hair in an empty picture.
  const minutes = spans.find((span) => now - points[0].at <= span * 60000) ?? spans.at(-1);
  const span = minutes * 60000;
  const marks = minutes === 1 ? [0, 0.5, 1] : minutes === 5 ? [0, 2.5, 5] : [0, 5, 10, 15];
  const x = (at) => left + (width - left - right) * Math.max(0, 1 - (now - at) / span);
  const y = (value) => top + (height - top - bottom) * (1 - Math.min(1, value / most));
  const seen = points.filter((point) => now - point.at <= span);
  const area = (lower, upper) =>
    `M${seen.map((p) => `${x(p.at).toFixed(1)} ${y(upper(p)).toFixed(1)}`).join('L')}L${seen.toReversed().map((p) => `${x(p.at).toFixed(1)} ${y(lower(p)).toFixed(1)}`).join('L')}Z`;
  const root = svg('svg', { viewBox: `0 0 ${width} ${height}`, class: 'chart', role: 'img', 'aria-label': label });
  root.append(
    ...marks.slice(0, -1).map((ago) => svg('line', { class: 'grid', x1: x(now - ago * 60000), x2: x(now - ago * 60000), y1: top, y2: height - bottom })),
    svg('line', { class: 'axis', x1: left, x2: width - right, y1: y(0), y2: y(0) }),
    svg('path', { class: 'area-pinned', d: area(() => 0, (p) => p.pinned) }),
    svg('path', { class: 'area-evictable', d: area((p) => p.pinned, (p) => p.pinned + p.evictable) }),
    ...marks.map((ago) => svg('text', { class: 'tick', x: x(now - ago * 60000), y: height - 6, 'text-anchor': ago === 0 ? 'end' : ago === minutes ? 'start' : 'middle' }, ago === 0 ? 'now' : ago < 1 ? `−${ago * 60} s` : `−${ago} min`)));
  let last = -Infinity;
  for (const line of lines.toSorted((a, b) => b.value - a.value)) {
    const at = y(line.value);
    // Labels keep a line's distance from each other, however close the values are.
    const text = Math.max(at + 4, last + 13);
    last = text;
    root.append(
      svg('line', { class: `line-${line.kind}`, x1: left, x2: width - right + 4, y1: at, y2: at }),
      svg('text', { class: 'tick', x: width - right + 8, y: text }, `${line.name} ${bytes(line.value)}`));
  }
  return root;
}
