package dev.tidemark.client;

import dev.tidemark.client.tls.TlsContext;
import dev.tidemark.client.tls.TlsFiles;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.ProducerIdentity;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How a client works. Immutable; {@link Builder#build} checks everything and lists all that is wrong in one message. */
public final class ClientConfig {
    private final String host;
    private final int port;
    private final String clientName;
    private final Duration connectTimeout;
    private final Duration requestTimeout;
    private final Duration appendTimeout;
    private final Duration closeTimeout;
    private final Duration heartbeat;
    private final Duration idleTimeout;
    private final Duration firstBackOff;
    private final Duration maxBackOff;
    private final Duration linger;
    private final int batchBytes;
    private final int batchRecords;
    private final int maxInFlight;
    private final long bufferBytes;
    private final @Nullable ProducerIdentity producer;
    private final @Nullable TlsFiles tls;
    private final @Nullable Path tokenFile;
    private final boolean insecureClearTextToken;

    private ClientConfig(Builder from) {
        host = from.host;
        port = from.port;
        clientName = from.clientName;
        connectTimeout = from.connectTimeout;
        requestTimeout = from.requestTimeout;
        appendTimeout = from.appendTimeout;
        closeTimeout = from.closeTimeout;
        heartbeat = from.heartbeat;
        idleTimeout = from.idleTimeout;
        firstBackOff = from.firstBackOff;
        maxBackOff = from.maxBackOff;
        linger = from.linger;
        batchBytes = from.batchBytes;
        batchRecords = from.batchRecords;
        maxInFlight = from.maxInFlight;
        bufferBytes = from.bufferBytes;
        producer = from.producer;
        tls = from.tls;
        tokenFile = from.tokenFile;
        insecureClearTextToken = from.insecureClearTextToken;
    }

    /** Starts from the defaults, for {@code host:port}; an IPv6 address is written {@code [::1]:7878}. */
    public static Builder builder(String server) {
        return new Builder(server);
    }

    /** The defaults for {@code host:port}. */
    public static ClientConfig of(String server) {
        return builder(server).build();
    }

    /** Name or address of the server. */
    public String host() {
        return host;
    }

    /** Its port. */
    public int port() {
        return port;
    }

    /** The server as {@code host:port}. */
    public String server() {
        return host.indexOf(':') < 0 ? host + ':' + port : '[' + host + "]:" + port;
    }

    /** What the client is called in the server's log; default {@code java}. Up to 200 characters. */
    public String clientName() {
        return clientName;
    }

    /** How long one attempt to connect and say hello may take; default 5 s. 1 ms to 1 h. */
    public Duration connectTimeout() {
        return connectTimeout;
    }

    /** The deadline of everything that is no append, connecting and repeating included; default 30 s. 1 ms to 1 h. */
    public Duration requestTimeout() {
        return requestTimeout;
    }

    /** The deadline of an append that has none of its own, connecting and repeating included; default 30 s. 1 ms to 1 h. */
    public Duration appendTimeout() {
        return appendTimeout;
    }

    /** How long {@link WalClient#close} waits for answers; default 10 s. 0 to 1 h. */
    public Duration closeTimeout() {
        return closeTimeout;
    }

    /** After so much silence the client asks the server for a sign of life; default 3 s. 10 ms to 1 h. */
    public Duration heartbeat() {
        return heartbeat;
    }

    /**
     * After so much silence the connection is given up and opened again; default 10 s, more than {@link #heartbeat()}, at most 1 h. Shorter finds a dead
     * server sooner, and takes a slow one for dead.
     */
    public Duration idleTimeout() {
        return idleTimeout;
    }

    /** The ceiling of the first pause between attempts to connect; default 20 ms. 1 ms to 1 h. */
    public Duration firstBackOff() {
        return firstBackOff;
    }

    /** The ceiling of every pause between attempts to connect; default 2 s. From {@link #firstBackOff()} to 1 h. */
    public Duration maxBackOff() {
        return maxBackOff;
    }

    /** How long an append waits for others to travel with; default 0: only while others are on their way. Up to 1 s. */
    public Duration linger() {
        return linger;
    }

    /** How large a batch that the client gathers may become; default 256 KiB. 4 KiB to 16 MiB. */
    public int batchBytes() {
        return batchBytes;
    }

    /** How many records a batch that the client gathers may have; default 4,096. 1 (nothing is gathered) to 1,000,000. */
    public int batchRecords() {
        return batchRecords;
    }

    /**
     * How many batches of a partition may be unanswered; default and most {@value AppendRequest#REPEATABLE_APPENDS}, which is how far back the log can tell a repeat.
     */
    public int maxInFlight() {
        return maxInFlight;
    }

    /** How many bytes of appends, of all partitions, may be unanswered before appending waits; default 64 MiB. 64 KiB to 4 GiB. */
    public long bufferBytes() {
        return bufferBytes;
    }

    /**
     * Whose appends the client's are, for the log to tell repeats. By default each handle of a partition draws an id. A program that is started often gives
     * one of its own, with a higher epoch each time (the time in milliseconds, say), and so takes one place among the partition's producers; what is left
     * of the run before is refused from then on. No two clients may use the same at the same time.
     */
    public Optional<ProducerIdentity> producer() {
        return Optional.ofNullable(producer);
    }

    /**
     * Speak TLS, with these files; default: none. They are read when the client is made, and looked at again before each further connection. The certificate of the server has to be for
     * {@link #host()}.
     */
    public Optional<TlsFiles> tls() {
        return Optional.ofNullable(tls);
    }

    /** The file with the token that the client shows, for a server that asks who it is; default: none. Read when the client is made, and again before each further connection. */
    public Optional<Path> tokenFile() {
        return Optional.ofNullable(tokenFile);
    }

    /** Whether the token is also sent to another machine without TLS, where everybody on the way can read it; default false. */
    public boolean insecureClearTextToken() {
        return insecureClearTextToken;
    }

    /** Collects values; see the accessors of {@link ClientConfig} for what they mean. */
    public static final class Builder {
        private static final Duration HOUR = Duration.ofHours(1);

        private final String server;
        private String host = "";
        private int port;
        private String clientName = "java";
        private Duration connectTimeout = Duration.ofSeconds(5);
        private Duration requestTimeout = Duration.ofSeconds(30);
        private Duration appendTimeout = Duration.ofSeconds(30);
        private Duration closeTimeout = Duration.ofSeconds(10);
        private Duration heartbeat = Duration.ofSeconds(3);
        private Duration idleTimeout = Duration.ofSeconds(10);
        private Duration firstBackOff = Duration.ofMillis(20);
        private Duration maxBackOff = Duration.ofSeconds(2);
        private Duration linger = Duration.ZERO;
        private int batchBytes = 256 << 10;
        private int batchRecords = 4_096;
        private int maxInFlight = AppendRequest.REPEATABLE_APPENDS;
        private long bufferBytes = 64 << 20;
        private @Nullable ProducerIdentity producer;
        private @Nullable TlsFiles tls;
        private @Nullable Path tokenFile;
        private boolean insecureClearTextToken;

        private Builder(String server) {
            this.server = Objects.requireNonNull(server, "server");
        }

        /** See {@link ClientConfig#clientName()}. */
        public Builder clientName(String value) {
            clientName = Objects.requireNonNull(value);
            return this;
        }

        /** See {@link ClientConfig#connectTimeout()}. */
        public Builder connectTimeout(Duration value) {
            connectTimeout = Objects.requireNonNull(value);
            return this;
        }

        /** See {@link ClientConfig#requestTimeout()}. */
        public Builder requestTimeout(Duration value) {
            requestTimeout = Objects.requireNonNull(value);
            return this;
        }

        /** See {@link ClientConfig#appendTimeout()}. */
        public Builder appendTimeout(Duration value) {
            appendTimeout = Objects.requireNonNull(value);
            return this;
        }

        /** See {@link ClientConfig#closeTimeout()}. */
        public Builder closeTimeout(Duration value) {
            closeTimeout = Objects.requireNonNull(value);
            return this;
        }

        /** See {@link ClientConfig#heartbeat()}. */
        public Builder heartbeat(Duration value) {
            heartbeat = Objects.requireNonNull(value);
            return this;
        }

        /** See {@link ClientConfig#idleTimeout()}. */
        public Builder idleTimeout(Duration value) {
            idleTimeout = Objects.requireNonNull(value);
            return this;
        }

        /** See {@link ClientConfig#firstBackOff()}. */
        public Builder firstBackOff(Duration value) {
            firstBackOff = Objects.requireNonNull(value);
            return this;
        }

        /** See {@link ClientConfig#maxBackOff()}. */
        public Builder maxBackOff(Duration value) {
            maxBackOff = Objects.requireNonNull(value);
            return this;
        }

        /** See {@link ClientConfig#linger()}. */
        public Builder linger(Duration value) {
            linger = Objects.requireNonNull(value);
            return this;
        }

        /** See {@link ClientConfig#batchBytes()}. */
        public Builder batchBytes(int value) {
            batchBytes = value;
            return this;
        }

        /** See {@link ClientConfig#batchRecords()}. */
        public Builder batchRecords(int value) {
            batchRecords = value;
            return this;
        }

        /** See {@link ClientConfig#maxInFlight()}. */
        public Builder maxInFlight(int value) {
            maxInFlight = value;
            return this;
        }

        /** See {@link ClientConfig#bufferBytes()}. */
        public Builder bufferBytes(long value) {
            bufferBytes = value;
            return this;
        }

        /** See {@link ClientConfig#producer()}. */
        public Builder producer(ProducerIdentity value) {
            producer = Objects.requireNonNull(value);
            return this;
        }

        /** See {@link ClientConfig#tls()}. */
        public Builder tls(TlsFiles value) {
            tls = Objects.requireNonNull(value);
            return this;
        }

        /** See {@link ClientConfig#tokenFile()}. */
        public Builder tokenFile(Path value) {
            tokenFile = Objects.requireNonNull(value);
            return this;
        }

        /** See {@link ClientConfig#insecureClearTextToken()}. */
        public Builder insecureClearTextToken(boolean value) {
            insecureClearTextToken = value;
            return this;
        }

        /**
         * Checks everything.
         *
         * @throws InvalidCallException {@code CONFIG_INVALID}, with every problem
         */
        public ClientConfig build() {
            List<String> problems = new ArrayList<>();
            parseServer(problems);
            if (clientName.length() > 200 || clientName.chars().anyMatch(Character::isISOControl)) {
                problems.add("clientName must be up to 200 characters and none of them a control character");
            }
            checkTime(problems, "connectTimeout", connectTimeout, Duration.ofMillis(1), HOUR);
            checkTime(problems, "requestTimeout", requestTimeout, Duration.ofMillis(1), HOUR);
            checkTime(problems, "appendTimeout", appendTimeout, Duration.ofMillis(1), HOUR);
            checkTime(problems, "closeTimeout", closeTimeout, Duration.ZERO, HOUR);
            checkTime(problems, "heartbeat", heartbeat, Duration.ofMillis(10), HOUR);
            checkTime(problems, "idleTimeout", idleTimeout, heartbeat.plusMillis(1), HOUR);
            checkTime(problems, "firstBackOff", firstBackOff, Duration.ofMillis(1), HOUR);
            checkTime(problems, "maxBackOff", maxBackOff, firstBackOff, HOUR);
            checkTime(problems, "linger", linger, Duration.ZERO, Duration.ofSeconds(1));
            checkNumber(problems, "batchBytes", batchBytes, 4 << 10, 16 << 20);
            checkNumber(problems, "batchRecords", batchRecords, 1, 1_000_000);
            checkNumber(problems, "maxInFlight", maxInFlight, 1, AppendRequest.REPEATABLE_APPENDS);
            checkNumber(problems, "bufferBytes", bufferBytes, 64 << 10, 4L << 30);
            if (tls != null) {
                problems.addAll(tls.problems(TlsContext.Side.CLIENT));
            }
            if (!problems.isEmpty()) {
                throw new InvalidCallException(
                        ErrorCode.CONFIG_INVALID,
                        problems.size() + " problems in the client's configuration: " + String.join("; ", problems));
            }
            return new ClientConfig(this);
        }

        private void parseServer(List<String> problems) {
            int colon = server.lastIndexOf(':');
            String name = colon < 0 ? "" : server.substring(0, colon);
            boolean isBracketed = name.length() > 2 && name.startsWith("[") && name.endsWith("]");
            host = isBracketed ? name.substring(1, name.length() - 1) : name;
            port = colon < 0 ? -1 : portOf(server.substring(colon + 1));
            boolean isHostGood = !host.isEmpty()
                    && host.length() <= 255
                    && (isBracketed || host.indexOf(':') < 0)
                    && host.chars().noneMatch(c -> c <= ' ' || c == '/' || c == '[' || c == ']');
            if (!isHostGood || port < 1) {
                problems.add("server must be host:port with a port of 1 to 65535, like localhost:7878 or [::1]:7878");
            }
        }

        private static int portOf(String digits) {
            boolean isNumber =
                    !digits.isEmpty() && digits.length() <= 5 && digits.chars().allMatch(c -> c >= '0' && c <= '9');
            int number = isNumber ? Integer.parseInt(digits) : -1;
            return number <= 65_535 ? number : -1;
        }

        private static void checkTime(
                List<String> problems, String name, Duration value, Duration least, Duration most) {
            if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
                problems.add(name + '=' + value + " must be " + least + " to " + most);
            }
        }

        private static void checkNumber(List<String> problems, String name, long value, long least, long most) {
            if (value < least || value > most) {
                problems.add(name + '=' + value + " must be " + least + " to " + most);
            }
        }
    }
}
