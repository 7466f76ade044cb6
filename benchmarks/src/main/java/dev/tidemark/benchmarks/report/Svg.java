package dev.tidemark.benchmarks.report;

import java.util.Locale;

/**
 * A picture, element by element. Text and lines take their colours from the reader's choice of light or dark; the colours of data are legible on
 * both. The background is the page's.
 */
final class Svg {
    private static final String STYLE = "text{font:12px system-ui,sans-serif;fill:#24292f}"
            + ".title{font-size:14px;font-weight:600}.small{font-size:11px}.grid{stroke:#d0d7de;stroke-width:1}"
            + ".axis{stroke:#57606a;stroke-width:1}"
            + ".s0{stroke:#0969da;fill:#0969da}.s1{stroke:#bc4c00;fill:#bc4c00}.s2{stroke:#1a7f37;fill:#1a7f37}"
            + ".s3{stroke:#8250df;fill:#8250df}.floor{stroke:#8c959f;fill:#8c959f}.other{stroke:#bc4c00;fill:#bc4c00}"
            + ".line{fill:none;stroke-width:2}.thin{stroke:none}"
            + "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.grid{stroke:#30363d}.axis{stroke:#8b949e}"
            + ".s0{stroke:#4493f8;fill:#4493f8}.s1{stroke:#f0883e;fill:#f0883e}.s2{stroke:#3fb950;fill:#3fb950}"
            + ".s3{stroke:#ab7df8;fill:#ab7df8}.floor{stroke:#6e7681;fill:#6e7681}.other{stroke:#f0883e;fill:#f0883e}"
            + ".line{fill:none}.thin{stroke:none}}";

    private final StringBuilder out = new StringBuilder();

    /** An empty picture; the description is for those who do not see it. */
    Svg(int width, int height, String description) {
        out.append("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ")
                .append(width)
                .append(' ')
                .append(height)
                .append("\" width=\"")
                .append(width)
                .append("\" height=\"")
                .append(height)
                .append("\" role=\"img\" aria-label=\"")
                .append(escaped(description))
                .append("\">\n<style>")
                .append(STYLE)
                .append("</style>\n");
    }

    void text(double x, double y, String anchor, String cssClass, String text) {
        out.append("<text x=\"")
                .append(number(x))
                .append("\" y=\"")
                .append(number(y))
                .append("\" text-anchor=\"")
                .append(anchor)
                .append("\" class=\"")
                .append(cssClass)
                .append("\">")
                .append(escaped(text))
                .append("</text>\n");
    }

    void line(double x1, double y1, double x2, double y2, String cssClass) {
        out.append("<line x1=\"")
                .append(number(x1))
                .append("\" y1=\"")
                .append(number(y1))
                .append("\" x2=\"")
                .append(number(x2))
                .append("\" y2=\"")
                .append(number(y2))
                .append("\" class=\"")
                .append(cssClass)
                .append("\"/>\n");
    }

    void bar(double x, double y, double width, double height, String cssClass) {
        out.append("<rect x=\"")
                .append(number(x))
                .append("\" y=\"")
                .append(number(y))
                .append("\" width=\"")
                .append(number(width))
                .append("\" height=\"")
                .append(number(height))
                .append("\" class=\"")
                .append(cssClass)
                .append(" thin\"/>\n");
    }

    /** A line through points {@code x, y, x, y...}, with a dot on each. */
    void path(double[] points, String cssClass) {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < points.length; i += 2) {
            path.append(i == 0 ? "M" : "L")
                    .append(number(points[i]))
                    .append(' ')
                    .append(number(points[i + 1]));
        }
        out.append("<path d=\"")
                .append(path)
                .append("\" class=\"")
                .append(cssClass)
                .append(" line\" style=\"fill:none\"/>\n");
        for (int i = 0; i < points.length; i += 2) {
            out.append("<circle cx=\"")
                    .append(number(points[i]))
                    .append("\" cy=\"")
                    .append(number(points[i + 1]))
                    .append("\" r=\"3\" class=\"")
                    .append(cssClass)
                    .append("\"/>\n");
        }
    }

    private static String number(double value) {
        String text = String.format(Locale.ROOT, "%.1f", value);
        return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    /** The file's text. */
    @Override
    public String toString() {
        return out + "</svg>\n";
    }
}
