package dev.tidemark.benchmarks.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** One bar for each subject, the longest on top; ours, the floors' and the others' differ in colour. */
final class BarPlot {
    private static final int WIDTH = 640;
    private static final int LEFT = 130;
    private static final int RIGHT = 70;
    private static final int TOP = 32;
    private static final int ROW = 22;

    /** Whose bar it is. */
    enum Side {
        OURS("s0"),
        FLOOR("floor"),
        OTHER("other");

        private final String cssClass;

        Side(String cssClass) {
            this.cssClass = cssClass;
        }
    }

    private record Bar(String name, Side side, double value) {}

    private final String title;
    private final List<Bar> bars = new ArrayList<>();

    BarPlot(String title) {
        this.title = title;
    }

    void add(String name, Side side, double value) {
        if (Double.isFinite(value)) {
            bars.add(new Bar(name, side, value));
        }
    }

    boolean isEmpty() {
        return bars.isEmpty();
    }

    String svg() {
        List<Bar> sorted = new ArrayList<>(bars);
        sorted.sort(Comparator.comparingDouble(Bar::value).reversed().thenComparing(Bar::name));
        Svg svg = new Svg(WIDTH, TOP + ROW * sorted.size() + 8, title);
        svg.text(8, 18, "start", "title", title);
        double most = sorted.stream().mapToDouble(Bar::value).max().orElse(1);
        for (int i = 0; i < sorted.size(); i++) {
            Bar bar = sorted.get(i);
            double y = TOP + (double) i * ROW;
            double length = most > 0 ? (WIDTH - LEFT - RIGHT) * bar.value / most : 0;
            svg.text(LEFT - 8, y + 14, "end", "", bar.name);
            svg.bar(LEFT, y + 3, Math.max(1, length), ROW - 7, bar.side.cssClass);
            svg.text(LEFT + Math.max(1, length) + 6, y + 14, "start", "small", Figure.brief(bar.value));
        }
        return svg.toString();
    }
}
