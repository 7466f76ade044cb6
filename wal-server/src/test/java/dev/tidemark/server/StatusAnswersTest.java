package dev.tidemark.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.status.StatusAnswers;
import dev.tidemark.wal.api.PartitionId;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What the status page is told, of a server with ten thousand partitions. */
class StatusAnswersTest {
    private static final int MANY = 10_000;
    private static final Pattern NAME = Pattern.compile("\"name\":\"([^\"]*)\"");
    private static final Pattern SEGMENTS = Pattern.compile("\"segments\":(\\d+)");

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final ManyPartitions partitions = new ManyPartitions(MANY, meters);
    private final StatusAnswers answers =
            new StatusAnswers(partitions, meters, partitions::nanoTime, partitions::instant);

    private String ask(String question, Map<String, String> parameters) {
        StatusAnswers.Answer answer = answers.answer(question, parameters);
        assertThat(answer.status()).as(answer.json()).isEqualTo(200);
        return answer.json();
    }

    private static List<String> all(Pattern what, String json) {
        List<String> found = new ArrayList<>();
        Matcher matcher = what.matcher(json);
        while (matcher.find()) {
            found.add(matcher.group(1));
        }
        return found;
    }

    @Test
    void howeverManyLook_partitionsAreSurveyedOnceInASecond() {
        for (int i = 0; i < 100; i++) {
            ask("partitions", Map.of("q", "orders-" + i));
        }
        assertThat(partitions.surveys).hasValue(1);
        partitions.pass(Duration.ofSeconds(2));
        ask("partitions", Map.of());
        ask("partition", Map.of("name", "orders-7"));
        assertThat(partitions.surveys).hasValue(2);
    }

    @Test
    void answers_areShort_howeverManyPartitionsThereAre() {
        partitions.fail(new PartitionId("orders", 1), new PartitionId("orders", 2));
        assertThat(ask("overview", Map.of())).hasSizeLessThan(4_000).contains("\"partitions\":" + MANY);
        String list = ask("partitions", Map.of("limit", "200"));
        assertThat(all(NAME, list)).hasSize(200);
        assertThat(list).hasSizeLessThan(80_000).contains("\"found\":" + MANY);
        assertThat(ask("recovery", Map.of())).hasSizeLessThan(1_000).contains("\"found\":1");
    }

    @Test
    void pages_comeToAllPartitions_eachOnce_inTheOrderAskedFor() {
        List<String> names = new ArrayList<>();
        List<Integer> segments = new ArrayList<>();
        for (int offset = 0; offset < MANY; offset += 200) {
            String page = ask(
                    "partitions",
                    Map.of("sort", "segments", "order", "desc", "limit", "200", "offset", Integer.toString(offset)));
            names.addAll(all(NAME, page));
            all(SEGMENTS, page).forEach(each -> segments.add(Integer.parseInt(each)));
        }
        assertThat(names).hasSize(MANY).doesNotHaveDuplicates();
        assertThat(segments).isSortedAccordingTo((a, b) -> Integer.compare(b, a));
    }

    @Test
    void whatIsAskedFor_isFoundByPartOfTheName_andByWhatItDoes() {
        partitions.fail(new PartitionId("orders", 3));
        assertThat(all(NAME, ask("partitions", Map.of("q", "ORDERS-12"))))
                .contains("orders-12", "orders-120", "orders-1230")
                .allMatch(name -> name.startsWith("orders-12"));
        assertThat(all(NAME, ask("partitions", Map.of("show", "failed")))).containsExactly("orders-3");
        partitions.pass(Duration.ofSeconds(10));
        assertThat(ask("partitions", Map.of("show", "busy", "sort", "rate", "order", "desc")))
                .contains("\"recordsPerSecond\":20,");
        assertThat(ask("partitions", Map.of("show", "lagging"))).contains("\"slowest\":\"billing\"");
        assertThat(ask("partition", Map.of("name", "orders-8")))
                .contains("\"checkpointList\":[{", "\"lag\":", "\"losses\":[{\"firstOffset\":512", "\"recovery\":{");
    }

    @Test
    void questionThatMakesNoSense_isToldSo() {
        for (Map<String, String> wrong : List.of(
                Map.of("sort", "colour"),
                Map.of("show", ""),
                Map.of("limit", "201"),
                Map.of("limit", "-1"),
                Map.of("offset", "many"),
                Map.of("q", "x".repeat(201)))) {
            StatusAnswers.Answer answer = answers.answer("partitions", wrong);
            assertThat(answer.status()).as(wrong.toString()).isEqualTo(400);
            assertThat(answer.json()).contains("ARGUMENT_INVALID");
        }
        assertThat(answers.answer("partition", Map.of("name", "nowhere-0")).status())
                .isEqualTo(404);
        assertThat(answers.answer("secrets", Map.of()).status()).isEqualTo(404);
    }

    @Test
    void text_isEscaped() {
        partitions.fail(new PartitionId("orders", 3));
        partitions.say("</script>\"\\\n\u0000 \ud800");
        assertThat(ask("overview", Map.of())).contains("\\u003c/script\\u003e\\\"\\\\\\u000a\\u0000 \\ud800");
    }
}
