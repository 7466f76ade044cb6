package network;

import dev.tidemark.wal.api.Durability;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Loads two sides in turns, A B A B, in one process, so that both meet the same machine, and prints each phase, then the medians of the pairs' ratios and their spread.
 * {@code README.md} beside this module says what each number is.
 */
public final class Load {
    private static final Set<String> NAMES = Set.of(
            "a", "b", "kind", "durability", "size", "threads", "window", "pairs", "seconds", "warmup", "mb", "linger",
            "batch", "title");

    private final Map<String, String> arguments;

    private Load(Map<String, String> arguments) {
        this.arguments = arguments;
    }

    /** {@code name=value...}; the names are in {@code README.md}. */
    public static void main(String[] args) throws Exception {
        Map<String, String> arguments = new HashMap<>();
        for (String argument : args) {
            String[] parts = argument.split("=", 2);
            if (parts.length != 2 || !NAMES.contains(parts[0])) {
                throw new IllegalArgumentException("no such argument: " + argument);
            }
            arguments.put(parts[0], parts[1]);
        }
        new Load(arguments).run();
    }

    private String text(String name, String otherwise) {
        return arguments.getOrDefault(name, otherwise);
    }

    private int number(String name, int otherwise) {
        return Integer.parseInt(text(name, Integer.toString(otherwise)));
    }

    private void run() throws Exception {
        boolean isReading = text("kind", "produce").equals("fetch");
        int pairs = number("pairs", 5);
        long nanos = (long) (Double.parseDouble(text("seconds", "3")) * TimeUnit.SECONDS.toNanos(1));
        long warmupNanos = (long) (Double.parseDouble(text("warmup", "5")) * TimeUnit.SECONDS.toNanos(1));
        try (Side a = side(text("a", ""));
                Side b = side(text("b", ""))) {
            Phase phase = isReading ? new Reading() : new Producing(number("threads", 1), number("window", 1), size());
            if (isReading) {
                fill(a);
                fill(b);
            }
            for (Side side : List.of(a, b, a, b)) {
                phase.run(side, warmupNanos / 2);
                side.empty();
            }
            List<Measured> ofA = new ArrayList<>();
            List<Measured> ofB = new ArrayList<>();
            for (int i = 0; i < pairs; i++) {
                ofA.add(once(phase, a, nanos));
                ofB.add(once(phase, b, nanos));
            }
            Report.print(text("title", arguments.toString()), ofA, ofB, isReading);
        }
    }

    private static Measured once(Phase phase, Side side, long nanos) throws Exception {
        Measured measured = phase.run(side, nanos);
        System.out.println("  " + measured.line());
        side.empty();
        return measured;
    }

    private int size() {
        return number("size", 1024);
    }

    private Durability durability() {
        return Durability.valueOf(text("durability", "synced").toUpperCase(Locale.ROOT));
    }

    /** {@code embedded:DIRECTORY}, {@code server:HOST:PORT:PID}, {@code tls:HOST:PORT:PID:TRUST} or {@code kafka:HOST:PORT:PID}. */
    private Side side(String given) throws Exception {
        String[] parts = given.split(":");
        return switch (parts[0]) {
            case "embedded" -> LogSide.embedded(Path.of(parts[1]), durability());
            case "server" ->
                LogSide.remote(parts[1], Integer.parseInt(parts[2]), Long.parseLong(parts[3]), durability());
            case "tls" ->
                LogSide.remoteOverTls(
                        parts[1],
                        Integer.parseInt(parts[2]),
                        Long.parseLong(parts[3]),
                        Path.of(parts[4]),
                        durability());
            case "kafka" ->
                new KafkaSide(
                        parts[1] + ':' + parts[2],
                        Long.parseLong(parts[3]),
                        durability() == Durability.SYNCED,
                        text("linger", "0"),
                        text("batch", "16384"));
            default -> throw new IllegalArgumentException("no such side: " + given);
        };
    }

    /** So many bytes, by one producer that does not wait: the batches are what each client makes of that. */
    private void fill(Side side) throws Exception {
        long count = number("mb", 512) * 1_000_000L / size();
        byte[] value = new byte[size()];
        List<Side.Ack> underWay = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            underWay.add(side.send(value));
            if (underWay.size() == 2_000 || i == count - 1) {
                for (Side.Ack ack : underWay) {
                    ack.await();
                }
                underWay.clear();
            }
        }
    }

    /** What one side does for a while. */
    interface Phase {
        Measured run(Side side, long nanos) throws Exception;
    }

    /** Reads all the time. */
    private static final class Reading implements Phase {
        @Override
        public Measured run(Side side, long nanos) throws Exception {
            long serverCpu = Cpu.nanosOf(side.serverPid());
            long ownCpu = Cpu.ownNanos();
            long began = System.nanoTime();
            double gigabytes = side.read(began + nanos) / 1e9;
            double seconds = (System.nanoTime() - began) / 1e9;
            return new Measured(
                    side.name(),
                    gigabytes / seconds,
                    0,
                    0,
                    (Cpu.nanosOf(side.serverPid()) - serverCpu) / 1e3 / gigabytes,
                    (Cpu.ownNanos() - ownCpu) / 1e3 / gigabytes);
        }
    }
}
