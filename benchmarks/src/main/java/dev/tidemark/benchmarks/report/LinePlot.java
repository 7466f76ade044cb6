package dev.tidemark.benchmarks.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.DoubleFunction;

/** Lines over an axis on which each value that was measured has the same distance from the next. The other axis begins at 0, or is logarithmic. */
final class LinePlot {
    private static final int WIDTH = 640;
    private static final int HEIGHT = 300;
    private static final int LEFT = 64;
    private static final int RIGHT = 16;
    private static final int TOP = 44;
    private static final int BOTTOM = 48;

    private final String title;
    private final String below;
    private final boolean isLogarithmic;
    private final DoubleFunction<String> nameOfValue;
    private final Map<String, TreeMap<Double, Double>> series = new LinkedHashMap<>();

    /**
     * @param title what is shown, with its unit
     * @param below what the axis below is
     * @param nameOfValue how a value of that axis is written
     */
    LinePlot(String title, String below, boolean isLogarithmic, DoubleFunction<String> nameOfValue) {
        this.title = title;
        this.below = below;
        this.isLogarithmic = isLogarithmic;
        this.nameOfValue = nameOfValue;
    }

    void add(String name, double at, double value) {
        if (Double.isFinite(value) && (value > 0 || !isLogarithmic)) {
            series.computeIfAbsent(name, absent -> new TreeMap<>()).put(at, value);
        }
    }

    boolean isEmpty() {
        return series.isEmpty();
    }

    String svg() {
        Svg svg = new Svg(WIDTH, HEIGHT, title + " by " + below);
        svg.text(LEFT, 18, "start", "title", title);
        List<Double> columns = columns();
        double most = series.values().stream()
                .flatMap(line -> line.values().stream())
                .mapToDouble(Double::doubleValue)
                .max()
                .orElse(1);
        double least = series.values().stream()
                .flatMap(line -> line.values().stream())
                .mapToDouble(Double::doubleValue)
                .min()
                .orElse(1);
        Axis axis = isLogarithmic ? Axis.logarithmic(least, most) : Axis.fromZero(most);
        for (double tick : axis.ticks()) {
            double y = y(axis, tick);
            svg.line(LEFT, y, WIDTH - RIGHT, y, "grid");
            svg.text(LEFT - 6, y + 4, "end", "small", Figure.brief(tick));
        }
        for (int i = 0; i < columns.size(); i++) {
            svg.text(x(columns, i), HEIGHT - BOTTOM + 16, "middle", "small", nameOfValue.apply(columns.get(i)));
        }
        svg.line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "axis");
        svg.text((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 10, "middle", "", below);
        int number = 0;
        double legendAt = LEFT;
        for (Map.Entry<String, TreeMap<Double, Double>> line : series.entrySet()) {
            String cssClass = "s" + number++ % 4;
            double[] points = new double[2 * line.getValue().size()];
            int next = 0;
            for (Map.Entry<Double, Double> point : line.getValue().entrySet()) {
                points[next++] = x(columns, columns.indexOf(point.getKey()));
                points[next++] = y(axis, point.getValue());
            }
            svg.path(points, cssClass);
            svg.bar(legendAt, 28, 10, 10, cssClass);
            svg.text(legendAt + 14, 37, "start", "small", line.getKey());
            legendAt += 26 + 7.0 * line.getKey().length();
        }
        return svg.toString();
    }

    private List<Double> columns() {
        TreeSet<Double> columns = new TreeSet<>();
        series.values().forEach(line -> columns.addAll(line.keySet()));
        return new ArrayList<>(columns);
    }

    private static double x(List<Double> columns, int column) {
        double width = WIDTH - RIGHT - LEFT;
        return LEFT + width * (column + 0.5) / columns.size();
    }

    private static double y(Axis axis, double value) {
        return HEIGHT - BOTTOM - axis.share(value) * (HEIGHT - BOTTOM - TOP - 8);
    }
}
