// Draws each [data-chart] from the table it names: a first column of days, then one series a column. The table stays for screen readers.
(() => {
  const token = (name) => {
    // light-dark() in a custom property is only resolved once it is used as a colour.
    const probe = document.createElement("i");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  };

  const read = (table) => {
    const rows = [...table.tBodies[0].rows];
    const [first, ...labels] = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
    const days = rows.map((row) => Date.parse(`${row.querySelector("time").dateTime}T00:00:00Z`) / 1000);
    return { first, labels, data: [days, ...labels.map((_, n) => rows.map((row) => Number(row.cells[n + 1].dataset.number)))] };
  };

  const draw = (place) => {
    const { first, labels, data } = read(document.getElementById(place.dataset.chart));
    const [muted, border, accent, text] = ["--muted", "--border", "--accent", "--text"].map(token);
    const language = document.documentElement.lang;
    const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" });
    const number = new Intl.NumberFormat(language);
    const axis = { stroke: muted, font: `12px ${getComputedStyle(document.body).fontFamily}`, grid: { stroke: border, width: 1 }, ticks: { show: false } };
    const shapes = [
      { fill: accent, stroke: accent, alpha: 0.65, width: 0, paths: uPlot.paths.bars({ size: [0.7, 48], radius: 0.15 }), points: { show: false } },
      { stroke: text, width: 2, points: { show: data[0].length < 40, size: 6, fill: text } },
    ];
    place.replaceChildren();
    return new uPlot(
      {
        width: place.clientWidth,
        height: 240,
        cursor: { y: false, drag: { x: false, y: false } },
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
        // Half a day more at both ends, so that the first and the last bar are whole.
        scales: { x: { range: (_, least, most) => [least - 43200, most + 43200] }, y: { range: (_, least, most) => [0, Math.max(most * 1.1, 1)] } },
        axes: [
          { ...axis, grid: { show: false }, space: 60, incrs: [1, 2, 7, 14, 30].map((days) => days * 86400), values: (_, ticks) => ticks.map((tick) => day.format(tick * 1000)) },
          { ...axis, size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000], values: (_, ticks) => ticks.map(number.format) },
        ],
        series: [{ label: first, value: (_, seconds) => (seconds === null ? "–" : day.format(seconds * 1000)) }, ...labels.map((label, n) => ({ label, value: (_, count) => (count === null ? "–" : number.format(count)), ...shapes[n] }))],
      },
      data,
      place,
    );
  };

  for (const place of document.querySelectorAll("[data-chart]")) {
    let chart = draw(place);
    new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: 240 })).observe(place);
    const again = () => { chart.destroy(); chart = draw(place); };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  }
})();
