/** What a look at a page found; empty lists are as it should be. */
export interface PageFindings {
  readonly charts: readonly {label: string; widthPx: number; heightPx: number; marks: number}[];
  /** Text that reaches out of the window or of what it stands in. */
  readonly overflowing: readonly string[];
  /** Text of a chart over other text or over a mark. */
  readonly overlapping: readonly string[];
  /** Text with a contrast below 4.5 to what it stands on. */
  readonly pale: readonly string[];
}

/** Runs in the page, which knows nothing of this project: an expression, as text. */
export const lookAtPage = String.raw`(() => {
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const parent = node.parentElement;
    if (node.data.trim() === '' || parent.closest('title, style, script')) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const boxes = [...range.getClientRects()].filter(({width}) => width > 0);
    if (boxes.length > 0) texts.push({text: node.data.trim(), parent, boxes});
  }
  const within = (inner, outer) =>
    inner.left >= outer.left - 1 && inner.right <= outer.right + 1;
  const page = {left: 0, right: document.documentElement.clientWidth};
  const overflowing = texts
    .filter(({parent, boxes}) => {
      const outer = parent.namespaceURI.endsWith('svg') ? page : parent.getBoundingClientRect();
      return boxes.some((box) => !within(box, page) || !within(box, outer));
    })
    .map(({text}) => text);
  if (document.documentElement.scrollWidth > page.right) overflowing.push('(the page)');

  const overlap = (a, b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  const overlapping = [];
  for (const chart of document.querySelectorAll('svg')) {
    const own = texts.filter(({parent}) => chart.contains(parent));
    const marks = [...chart.querySelectorAll('rect')].map((mark) => mark.getBoundingClientRect());
    for (const [index, {text, boxes: [box]}] of own.entries()) {
      for (const other of own.slice(index + 1)) {
        if (overlap(box, other.boxes[0])) overlapping.push(text + ' | ' + other.text);
      }
      // The lines of a text are higher than its letters.
      const letters = {left: box.left, right: box.right, top: box.top + 2, bottom: box.bottom - 2};
      if (marks.some((mark) => overlap(letters, mark))) overlapping.push(text + ' | a mark');
    }
  }

  const partsOf = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (color) => {
    const [r, g, b] = partsOf(color).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if ((partsOf(color)[3] ?? 1) > 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const pale = texts
    .filter(({parent}) => {
      const style = getComputedStyle(parent);
      const color = parent.namespaceURI.endsWith('svg') ? style.fill : style.color;
      const pair = [luminance(color), luminance(groundOf(parent))].sort((a, b) => b - a);
      return (pair[0] + 0.05) / (pair[1] + 0.05) < 4.5;
    })
    .map(({text}) => text);

  const charts = [...document.querySelectorAll('svg')].map((chart) => {
    const {width, height} = chart.getBoundingClientRect();
    const marks = [...chart.querySelectorAll('rect')].filter((mark) => {
      const box = mark.getBoundingClientRect();
      return box.width > 0 && box.height > 0;
    });
    const label = chart.getAttribute('aria-label') ?? '';
    return {label, widthPx: width, heightPx: height, marks: marks.length};
  });
  return {charts, overflowing, overlapping, pale};
})()`;
