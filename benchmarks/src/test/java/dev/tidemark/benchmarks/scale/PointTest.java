package dev.tidemark.benchmarks.scale;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PointTest {

    @Test
    void argumentsOfAPoint_makeTheSamePoint() {
        for (Point point : Point.plan(List.of("payload", "producers", "partitions", "readers", "size"), 10_000, 50)) {
            Map<String, String> arguments = new HashMap<>();
            for (String argument : point.arguments()) {
                int at = argument.indexOf('=');
                arguments.put(argument.substring(0, at), argument.substring(at + 1));
            }

            assertThat(Point.of(arguments)).isEqualTo(point);
        }
    }

    @Test
    void plan_hasEachPointOnce_andKeepsToTheLimits() {
        List<Point> points = Point.plan(List.of("payload", "producers", "partitions", "readers", "size"), 100, 5);

        assertThat(points).extracting(Point::key).doesNotHaveDuplicates();
        assertThat(points).allMatch(point -> point.partitions() <= 100 && point.sizeGib() <= 5);
        assertThat(points).extracting(Point::payloadBytes).contains(16, 1 << 20);
        assertThat(points).extracting(Point::producers).contains(1, 256);
        assertThat(points).extracting(Point::sizeGib).contains(1, 5);
    }

    @Test
    void dimensionThatIsNone_isRefused() {
        assertThatThrownBy(() -> Point.plan(List.of("colour"), 1, 1)).hasMessageContaining("colour");
    }
}
