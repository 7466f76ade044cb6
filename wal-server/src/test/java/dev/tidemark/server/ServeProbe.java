package dev.tidemark.server;

import static dev.tidemark.server.RawClient.ORDERS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.ProducerSequence;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.client.protocol.Shape;
import dev.tidemark.wal.api.Durability;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** What tests of the command line ask of a server in another process. */
public final class ServeProbe {
    private static final int WINDOW = 8;

    private ServeProbe() {}

    /** Appends one value to {@code orders-0}; its offset. */
    public static long append(int port, String value) throws IOException {
        try (RawClient client = connect(port)) {
            return client.append(ORDERS, value);
        }
    }

    /** Everything in {@code orders-0}. */
    public static List<String> readAll(int port) throws IOException {
        try (RawClient client = connect(port)) {
            return client.readAll(ORDERS, 0);
        }
    }

    /**
     * Appends numbers as producer 1, eight on their way at a time, and calls {@code then} after so many acknowledgements; then goes on until the connection ends, or, if it does not, to twice as
     * many.
     *
     * @param from the sequence to begin with: what was not acknowledged is sent again under its sequence
     * @param acknowledged gets what was acknowledged, in order
     * @return the first sequence that was not acknowledged
     */
    public static long appendUntil(int port, long from, List<String> acknowledged, int many, Runnable then)
            throws IOException {
        long next = from;
        long sent = from;
        boolean isTold = false;
        try (RawClient client = connect(port)) {
            long firstId = client.nextId() + 1;
            while (next < from + 2L * many) {
                while (sent < next + WINDOW && sent < from + 2L * many) {
                    byte[] value = Long.toString(sent).getBytes(StandardCharsets.UTF_8);
                    Request.Produce produce = client.produce(
                            ORDERS,
                            Shape.VALUE,
                            1,
                            value,
                            Durability.SYNCED,
                            Optional.of(new ProducerSequence(1, 0, sent)),
                            OptionalLong.empty());
                    client.send(produce);
                    sent++;
                }
                Answer answer = client.answerTo(firstId + next - from);
                if (!(answer instanceof Answer.Produced)) {
                    return next;
                }
                acknowledged.add(Long.toString(next));
                next++;
                if (!isTold && next >= from + many) {
                    isTold = true;
                    then.run();
                }
            }
        } catch (IOException e) {
            // The server is gone, as it was meant to be.
            assertThat(isTold).as("the connection ended by itself: %s", e).isTrue();
        }
        return next;
    }

    private static RawClient connect(int port) throws IOException {
        RawClient client = RawClient.connect(port);
        assertThat(client.hello()).isInstanceOf(Answer.Welcome.class);
        return client;
    }
}
