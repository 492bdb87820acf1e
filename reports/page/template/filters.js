// What is typed above a column: a condition on its number (< 10, >= 0.9, 5..8), else a part of its text.
(() => {
  const NUMBER = "([-+−]?\\d+(?:\\.\\d+)?)";
  const COMPARED = new RegExp(`^(<=|>=|<|>|=)\\s*${NUMBER}$`);
  const BETWEEN = new RegExp(`^${NUMBER}\\s*\\.\\.\\s*${NUMBER}$`);
  const read = (text) => Number(text.replace("−", "-"));
  const TESTS = { "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b, "=": (a, b) => a === b };

  // A function of (number, text); null for a condition that cannot be read.
  page.condition = (typed) => {
    const wanted = typed.trim();
    const compared = COMPARED.exec(wanted);
    if (compared) return (value) => value !== null && value !== undefined && TESTS[compared[1]](value, read(compared[2]));
    const between = BETWEEN.exec(wanted);
    if (between) return (value) => value !== null && value !== undefined && value >= read(between[1]) && value <= read(between[2]);
    if (/^[<>=]/.test(wanted) || wanted.includes("..")) return null;
    const low = wanted.toLowerCase();
    return (value, text) => text.toLowerCase().includes(low);
  };

  page.columnFilter = (column) => {
    let before = null;
    let test = null;
    return (typed, _value, row) => {
      if (typed !== before) [before, test] = [typed, page.condition(typed)];
      return test === null || test(column.values[row.i], column.texts[row.i]);
    };
  };

  // Missing values stay last whichever way a column is sorted.
  page.sorter = (column) => (a, b, rowA, rowB, _column, direction) => {
    if (column.kind === "name") return String(a).localeCompare(String(b), document.documentElement.lang, { numeric: true });
    const missing = (value) => value === null || value === undefined;
    if (missing(a) || missing(b)) return (missing(a) - missing(b)) * (direction === "asc" ? 1 : -1);
    return a - b;
  };
})();
