package dev.tidemark.client.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The examples in {@code docs/protocol.md} are decoded, and its tables name the kinds, problems and limits of the code. */
class ProtocolDocTest {
    private static final Pattern BLOCK = Pattern.compile("```hex (\\S+)\\n(.*?)```", Pattern.DOTALL);
    private static final Pattern LINE = Pattern.compile("([0-9a-f]{4})  ((?:[0-9a-f]{2} )*[0-9a-f]{2}) *(?:  .*)?");

    @Test
    void examples_areTheMessagesOfTheirNames() throws IOException, ProtocolException {
        Map<String, byte[]> examples = examples();
        assertThat(examples).hasSize(8);
        Map<String, Message> transcript = new LinkedHashMap<>(TranscriptV1.requests());
        transcript.putAll(TranscriptV1.answers());
        for (Map.Entry<String, byte[]> example : examples.entrySet()) {
            Message expected = transcript.get(example.getKey());
            assertThat(expected).as(example.getKey()).isNotNull();
            assertThat(Codec.message(example.getValue(), expected.kind().isRequest()))
                    .isEqualTo(expected);
            assertThat(Codec.bytes(expected)).as(example.getKey()).isEqualTo(example.getValue());
        }
    }

    @Test
    void kinds_areNamedWithTheirCodes() throws IOException {
        String page = page();
        for (MessageKind kind : MessageKind.values()) {
            assertThat(page)
                    .as(kind.name())
                    .containsAnyOf("`" + kind + "` (" + kind.code() + ")", "| " + kind.code() + " | `" + kind + "` |");
        }
    }

    @Test
    void problems_areNamedInTheOrderOfTheTests() throws IOException {
        String page = page();
        String section =
                page.substring(page.indexOf("A receiver tests in this order"), page.indexOf("In all cases but"));
        Matcher named = Pattern.compile("else `([A-Z_]+)`").matcher(section);
        List<String> problems = new ArrayList<>();
        while (named.find()) {
            problems.add(named.group(1));
        }
        assertThat(problems)
                .containsExactly("BAD_LENGTH", "BAD_HEADER", "UNKNOWN_KIND", "BAD_HEADER", "BAD_MAGIC", "BAD_BODY")
                .containsOnlyOnceElementsOf(List.of("BAD_LENGTH", "UNKNOWN_KIND", "BAD_MAGIC", "BAD_BODY"))
                .hasSize(ProtocolException.Problem.values().length + 1);
    }

    @Test
    void limits_areThoseOfTheCode() throws IOException {
        assertThat(page())
                .contains("The limit is " + number(Protocol.MAX_HELLO_LENGTH) + " until")
                .contains("No limit is above " + number(Protocol.MAX_LENGTH))
                .contains("(at most " + number(Protocol.MAX_TEXT_BYTES) + ")")
                .contains("at most " + number(Protocol.MAX_ERROR_TEXT_BYTES) + " bytes")
                .contains("at most " + number(Protocol.MAX_WAIT_MILLIS))
                .contains("1 to " + number(Protocol.MAX_LISTED))
                .contains("between " + Protocol.MIN_LENGTH + " and the limit");
    }

    private static String number(int number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    private static Map<String, byte[]> examples() throws IOException {
        Map<String, byte[]> examples = new LinkedHashMap<>();
        Matcher block = BLOCK.matcher(page());
        while (block.find()) {
            examples.put(block.group(1), bytes(block.group(2)));
        }
        return examples;
    }

    private static byte[] bytes(String text) {
        ByteBuf bytes = Unpooled.buffer();
        for (String line : text.split("\n", -1)) {
            if (!line.isEmpty()) {
                Matcher shown = LINE.matcher(line);
                assertThat(shown.matches()).as(line).isTrue();
                assertThat(bytes.writerIndex()).as(line).isEqualTo(Integer.parseInt(shown.group(1), 16));
                for (String digits : shown.group(2).split(" ", -1)) {
                    bytes.writeByte(Integer.parseInt(digits, 16));
                }
            }
        }
        return ByteBufUtil.getBytes(bytes);
    }

    private static String page() throws IOException {
        Path root = Path.of("").toAbsolutePath();
        while (!Files.exists(root.resolve("docs/protocol.md"))) {
            root = root.getParent();
        }
        return Files.readString(root.resolve("docs/protocol.md"), StandardCharsets.UTF_8);
    }
}
