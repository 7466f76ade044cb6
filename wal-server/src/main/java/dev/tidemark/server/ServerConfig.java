package dev.tidemark.server;

import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.tls.TlsContext;
import dev.tidemark.client.tls.TlsFiles;
import dev.tidemark.server.security.Access;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** How a server listens, and what it bounds. Immutable; {@link Builder#build()} checks it as a whole. */
public final class ServerConfig {
    private final Builder from;

    private ServerConfig(Builder builder) {
        from = builder;
    }

    /** With the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** The address to listen on. Default {@code 127.0.0.1}; for another one clients have to show who they are, unless {@link #insecureNoAuthentication()} says otherwise. */
    public String host() {
        return from.host;
    }

    /** The port of the protocol; 0 for a free one. Default 7878. */
    public int port() {
        return from.port;
    }

    /** The port for health and metrics; 0 for a free one. Default: none. */
    public OptionalInt httpPort() {
        return from.httpPort;
    }

    /** Threads that serve connections. Default: one for each two processors, 1 to 8. */
    public int eventLoops() {
        return from.eventLoops;
    }

    /** Threads that read for fetches and subscriptions. Default 4. */
    public int readThreads() {
        return from.readThreads;
    }

    /** Threads that open, create, trim, delete and the like. Default 4. */
    public int fileThreads() {
        return from.fileThreads;
    }

    /** How many tasks may wait for each of these two pools; more are refused with {@code SERVER_BUSY}. Default 10,000. */
    public int poolQueue() {
        return from.poolQueue;
    }

    /** How many connections there may be. Default 20,000. */
    public int maxConnections() {
        return from.maxConnections;
    }

    /** How many connections there may be from one address, of which the first 64 bits count where it is of version 6. Default 10,000. */
    public int maxConnectionsPerAddress() {
        return from.maxConnectionsPerAddress;
    }

    /** How many connections there may be that have not said hello, a TLS handshake under way included. Default 2,000. */
    public int maxUnauthenticated() {
        return from.maxUnauthenticated;
    }

    /** How many partitions there may be for a client to make one more. Default 100,000. */
    public int maxPartitions() {
        return from.maxPartitions;
    }

    /**
     * How many requests an identity may send in a second, over all of its connections; who is not asked who he is, his address. More are refused with {@code SERVER_BUSY}, and the connection is
     * read more slowly. 0, the default, for any number.
     */
    public int maxRequestsPerSecond() {
        return from.maxRequestsPerSecond;
    }

    /** How many requests of a connection may wait for their answers. Default 4,096. */
    public int maxInFlightRequests() {
        return from.maxInFlightRequests;
    }

    /** How many bytes the requests of a connection may have; then it is not read on. Default 16 MiB. */
    public int maxInFlightBytes() {
        return from.maxInFlightBytes;
    }

    /**
     * How many bytes all requests may have; then nobody is read on. As many may messages have of which a part has come: who passes that is closed with {@code SERVER_BUSY}. And as many the copies of
     * frames that wait to be written: then each connection has one read at a time. Default: an eighth of the heap, 64 MiB to 1 GiB.
     */
    public long maxInFlightBytesInAll() {
        return from.maxInFlightBytesInAll;
    }

    /** How many subscriptions a connection may have. Default 1,000. */
    public int maxSubscriptions() {
        return from.maxSubscriptions;
    }

    /** How many bytes of answers may wait for a client that does not take them. Default 4 MiB, of which one frame may be more. */
    public int maxOutboundBytes() {
        return from.maxOutboundBytes;
    }

    /** The most frames sent in one message, in bytes. Default 1 MiB. */
    public int maxFetchBytes() {
        return from.maxFetchBytes;
    }

    /** From so many bytes on frames go from the file to the socket without passing through this process, but not over TLS. Default 64 KiB. */
    public int zeroCopyBytes() {
        return from.tls.isPresent() ? Integer.MAX_VALUE : from.zeroCopyBytes;
    }

    /** How long a connection may take to say hello. Default 10 s. */
    public Duration helloTimeout() {
        return from.helloTimeout;
    }

    /** How long nothing may come from a connection. Default 60 s. */
    public Duration idleTimeout() {
        return from.idleTimeout;
    }

    /** How long closing lets requests come to their end. Default 10 s. */
    public Duration drainTimeout() {
        return from.drainTimeout;
    }

    /**
     * Speak TLS on both ports, with these files; default: none. With certificates to trust, a client has to show one that they lead to, or a token where there are {@link #tokens()}.
     */
    public Optional<TlsFiles> tls() {
        return from.tls;
    }

    /**
     * Whether everybody who can connect may read, append and delete, also from other machines. Default false: without a way to tell who is there, a server listens on this machine only.
     */
    public boolean insecureNoAuthentication() {
        return from.insecureNoAuthentication;
    }

    /** The file of the tokens that let a client in ({@code wal token}); default: none. Read again when it changes; who came with a token that is there no more is sent away. */
    public Optional<Path> tokens() {
        return from.tokens;
    }

    /**
     * The file that says who may do what ({@code docs/security.md}); default: none, and then who is let in may do everything. What it does not permit is denied. Read again when it changes.
     */
    public Optional<Path> permissions() {
        return from.permissions;
    }

    /** Whether a token is also taken from another machine without TLS, where everybody on the way can read it. Default false. */
    public boolean insecureClearTextTokens() {
        return from.insecureClearTextTokens;
    }

    /** What lets a client in. */
    Access.Settings access() {
        return from.access();
    }

    /** How often it is looked whether the files of TLS, tokens and permissions have changed, and whether those who are connected may stay. Default 10 s. */
    public Duration reloadInterval() {
        return from.reloadInterval;
    }

    /** Whether the operating system's own transport is used where there is one. Default true. */
    public boolean nativeTransport() {
        return from.nativeTransport;
    }

    /** What counts. Default: a registry of this server's own. */
    public PrometheusMeterRegistry meters() {
        return from.meters;
    }

    /** Collects the settings. */
    public static final class Builder {
        private String host = "127.0.0.1";
        private int port = 7878;
        private OptionalInt httpPort = OptionalInt.empty();
        private int eventLoops = Math.max(1, Math.min(8, Runtime.getRuntime().availableProcessors() / 2));
        private int readThreads = 4;
        private int fileThreads = 4;
        private int poolQueue = 10_000;
        private int maxConnections = 20_000;
        private int maxConnectionsPerAddress = 10_000;
        private int maxUnauthenticated = 2_000;
        private int maxPartitions = 100_000;
        private int maxRequestsPerSecond;
        private int maxInFlightRequests = 4_096;
        private int maxInFlightBytes = 16 << 20;
        private long maxInFlightBytesInAll =
                Math.max(64L << 20, Math.min(1L << 30, Runtime.getRuntime().maxMemory() / 8));
        private int maxSubscriptions = 1_000;
        private int maxOutboundBytes = 4 << 20;
        private int maxFetchBytes = 1 << 20;
        private int zeroCopyBytes = 64 << 10;
        private Duration helloTimeout = Duration.ofSeconds(10);
        private Duration idleTimeout = Duration.ofSeconds(60);
        private Duration drainTimeout = Duration.ofSeconds(10);
        private Optional<TlsFiles> tls = Optional.empty();
        private boolean insecureNoAuthentication;
        private Optional<Path> tokens = Optional.empty();
        private Optional<Path> permissions = Optional.empty();
        private boolean insecureClearTextTokens;
        private Duration reloadInterval = Duration.ofSeconds(10);
        private boolean nativeTransport = true;
        private PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

        private Builder() {}

        /** See {@link ServerConfig#host()}. */
        public Builder host(String value) {
            host = value;
            return this;
        }

        /** See {@link ServerConfig#port()}. */
        public Builder port(int value) {
            port = value;
            return this;
        }

        /** See {@link ServerConfig#httpPort()}. */
        public Builder httpPort(int value) {
            httpPort = OptionalInt.of(value);
            return this;
        }

        /** See {@link ServerConfig#eventLoops()}. */
        public Builder eventLoops(int value) {
            eventLoops = value;
            return this;
        }

        /** See {@link ServerConfig#readThreads()}. */
        public Builder readThreads(int value) {
            readThreads = value;
            return this;
        }

        /** See {@link ServerConfig#fileThreads()}. */
        public Builder fileThreads(int value) {
            fileThreads = value;
            return this;
        }

        /** See {@link ServerConfig#poolQueue()}. */
        public Builder poolQueue(int value) {
            poolQueue = value;
            return this;
        }

        /** See {@link ServerConfig#maxConnections()}. */
        public Builder maxConnections(int value) {
            maxConnections = value;
            return this;
        }

        /** See {@link ServerConfig#maxConnectionsPerAddress()}. */
        public Builder maxConnectionsPerAddress(int value) {
            maxConnectionsPerAddress = value;
            return this;
        }

        /** See {@link ServerConfig#maxUnauthenticated()}. */
        public Builder maxUnauthenticated(int value) {
            maxUnauthenticated = value;
            return this;
        }

        /** See {@link ServerConfig#maxPartitions()}. */
        public Builder maxPartitions(int value) {
            maxPartitions = value;
            return this;
        }

        /** See {@link ServerConfig#maxRequestsPerSecond()}. */
        public Builder maxRequestsPerSecond(int value) {
            maxRequestsPerSecond = value;
            return this;
        }

        /** See {@link ServerConfig#maxInFlightRequests()}. */
        public Builder maxInFlightRequests(int value) {
            maxInFlightRequests = value;
            return this;
        }

        /** See {@link ServerConfig#maxInFlightBytes()}. */
        public Builder maxInFlightBytes(int value) {
            maxInFlightBytes = value;
            return this;
        }

        /** See {@link ServerConfig#maxInFlightBytesInAll()}. */
        public Builder maxInFlightBytesInAll(long value) {
            maxInFlightBytesInAll = value;
            return this;
        }

        /** See {@link ServerConfig#maxSubscriptions()}. */
        public Builder maxSubscriptions(int value) {
            maxSubscriptions = value;
            return this;
        }

        /** See {@link ServerConfig#maxOutboundBytes()}. */
        public Builder maxOutboundBytes(int value) {
            maxOutboundBytes = value;
            return this;
        }

        /** See {@link ServerConfig#maxFetchBytes()}. */
        public Builder maxFetchBytes(int value) {
            maxFetchBytes = value;
            return this;
        }

        /** See {@link ServerConfig#zeroCopyBytes()}. */
        public Builder zeroCopyBytes(int value) {
            zeroCopyBytes = value;
            return this;
        }

        /** See {@link ServerConfig#helloTimeout()}. */
        public Builder helloTimeout(Duration value) {
            helloTimeout = value;
            return this;
        }

        /** See {@link ServerConfig#idleTimeout()}. */
        public Builder idleTimeout(Duration value) {
            idleTimeout = value;
            return this;
        }

        /** See {@link ServerConfig#drainTimeout()}. */
        public Builder drainTimeout(Duration value) {
            drainTimeout = value;
            return this;
        }

        /** See {@link ServerConfig#tls()}. */
        public Builder tls(TlsFiles value) {
            tls = Optional.of(value);
            return this;
        }

        /** See {@link ServerConfig#insecureNoAuthentication()}. */
        public Builder insecureNoAuthentication(boolean value) {
            insecureNoAuthentication = value;
            return this;
        }

        /** See {@link ServerConfig#tokens()}. */
        public Builder tokens(Path value) {
            tokens = Optional.of(value);
            return this;
        }

        /** See {@link ServerConfig#permissions()}. */
        public Builder permissions(Path value) {
            permissions = Optional.of(value);
            return this;
        }

        /** See {@link ServerConfig#insecureClearTextTokens()}. */
        public Builder insecureClearTextTokens(boolean value) {
            insecureClearTextTokens = value;
            return this;
        }

        /** See {@link ServerConfig#reloadInterval()}. */
        public Builder reloadInterval(Duration value) {
            reloadInterval = value;
            return this;
        }

        /** See {@link ServerConfig#nativeTransport()}. */
        public Builder nativeTransport(boolean value) {
            nativeTransport = value;
            return this;
        }

        /** See {@link ServerConfig#meters()}. */
        public Builder meters(PrometheusMeterRegistry value) {
            meters = value;
            return this;
        }

        /**
         * The configuration.
         *
         * @throws InvalidCallException {@code CONFIG_INVALID}, with every problem
         */
        public ServerConfig build() {
            List<String> problems = new ArrayList<>();
            check(problems, "port", port, 0, 65_535);
            check(problems, "httpPort", httpPort.orElse(0), 0, 65_535);
            check(problems, "eventLoops", eventLoops, 1, 256);
            check(problems, "readThreads", readThreads, 1, 256);
            check(problems, "fileThreads", fileThreads, 1, 256);
            check(problems, "poolQueue", poolQueue, 1, 1_000_000);
            check(problems, "maxConnections", maxConnections, 1, 1_000_000);
            check(problems, "maxConnectionsPerAddress", maxConnectionsPerAddress, 1, 1_000_000);
            check(problems, "maxUnauthenticated", maxUnauthenticated, 1, 1_000_000);
            check(problems, "maxPartitions", maxPartitions, 0, 10_000_000);
            check(problems, "maxRequestsPerSecond", maxRequestsPerSecond, 0, 100_000_000);
            check(problems, "maxInFlightRequests", maxInFlightRequests, 1, 1_000_000);
            check(problems, "maxInFlightBytes", maxInFlightBytes, 1 << 10, 1 << 30);
            check(problems, "maxInFlightBytesInAll", maxInFlightBytesInAll, 1 << 10, 1L << 40);
            check(problems, "maxSubscriptions", maxSubscriptions, 1, 1_000_000);
            check(problems, "maxOutboundBytes", maxOutboundBytes, 1 << 10, 1 << 30);
            check(problems, "maxFetchBytes", maxFetchBytes, 1 << 10, 64 << 20);
            check(problems, "zeroCopyBytes", zeroCopyBytes, 1, Integer.MAX_VALUE);
            check(problems, "helloTimeout in ms", helloTimeout.toMillis(), 1, Protocol.MAX_WAIT_MILLIS);
            check(problems, "idleTimeout in ms", idleTimeout.toMillis(), 1, 24L * Protocol.MAX_WAIT_MILLIS);
            check(problems, "drainTimeout in ms", drainTimeout.toMillis(), 0, Protocol.MAX_WAIT_MILLIS);
            check(problems, "reloadInterval in ms", reloadInterval.toMillis(), 10, 24L * Protocol.MAX_WAIT_MILLIS);
            tls.ifPresent(files -> problems.addAll(files.problems(TlsContext.Side.SERVER)));
            checkHost(problems);
            if (permissions.isPresent() && !access().asks()) {
                problems.add("permissions need to know who is there: tokens, or tls with trust");
            }
            if (!problems.isEmpty()) {
                throw new InvalidCallException(
                        ErrorCode.CONFIG_INVALID,
                        "server cannot be configured like this: " + String.join("; ", problems));
            }
            return new ServerConfig(copy());
        }

        private Builder copy() {
            Builder copy = new Builder();
            copy.host = host;
            copy.port = port;
            copy.httpPort = httpPort;
            copy.eventLoops = eventLoops;
            copy.readThreads = readThreads;
            copy.fileThreads = fileThreads;
            copy.poolQueue = poolQueue;
            copy.maxConnections = maxConnections;
            copy.maxConnectionsPerAddress = maxConnectionsPerAddress;
            copy.maxUnauthenticated = maxUnauthenticated;
            copy.maxPartitions = maxPartitions;
            copy.maxRequestsPerSecond = maxRequestsPerSecond;
            copy.maxInFlightRequests = maxInFlightRequests;
            copy.maxInFlightBytes = maxInFlightBytes;
            copy.maxInFlightBytesInAll = maxInFlightBytesInAll;
            copy.maxSubscriptions = maxSubscriptions;
            copy.maxOutboundBytes = maxOutboundBytes;
            copy.maxFetchBytes = maxFetchBytes;
            copy.zeroCopyBytes = zeroCopyBytes;
            copy.helloTimeout = helloTimeout;
            copy.idleTimeout = idleTimeout;
            copy.drainTimeout = drainTimeout;
            copy.tls = tls;
            copy.tokens = tokens;
            copy.permissions = permissions;
            copy.insecureClearTextTokens = insecureClearTextTokens;
            copy.insecureNoAuthentication = insecureNoAuthentication;
            copy.reloadInterval = reloadInterval;
            copy.nativeTransport = nativeTransport;
            copy.meters = meters;
            return copy;
        }

        private Access.Settings access() {
            boolean takesCertificates = tls.isPresent() && tls.get().trust().isPresent();
            return new Access.Settings(tokens, permissions, takesCertificates, insecureClearTextTokens);
        }

        private void checkHost(List<String> problems) {
            boolean isLocal;
            try {
                isLocal = InetAddress.getByName(host).isLoopbackAddress();
            } catch (UnknownHostException e) {
                problems.add("host=" + host + " is neither a name that is known nor an address");
                return;
            }
            if (!isLocal && !insecureNoAuthentication && !access().asks()) {
                problems.add(
                        "host=" + host + " lets other machines connect, and nothing asks who they are: have clients"
                                + " show tokens or certificates (tokens, or tls with trust), or say insecureNoAuthentication");
            }
        }

        private static void check(List<String> problems, String name, long value, long lowest, long highest) {
            if (value < lowest || value > highest) {
                problems.add(name + '=' + value + " must be " + lowest + " to " + highest);
            }
        }
    }
}
