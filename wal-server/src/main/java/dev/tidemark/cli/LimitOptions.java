package dev.tidemark.cli;

import dev.tidemark.server.ServerConfig;
import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What {@code serve} bounds. Where nothing is said, the server's own defaults hold. */
final class LimitOptions {
    @Option(
            names = "--max-connections",
            paramLabel = "N",
            description = "So many connections, and no more. Default: 20,000.")
    private Optional<Integer> connections = Optional.empty();

    @Option(
            names = "--max-connections-per-address",
            paramLabel = "N",
            description = "So many of them from one address. Default: 10,000.")
    private Optional<Integer> connectionsPerAddress = Optional.empty();

    @Option(
            names = "--max-unauthenticated",
            paramLabel = "N",
            description = "So many connections that have not said hello. Default: 2,000.")
    private Optional<Integer> unauthenticated = Optional.empty();

    @Option(
            names = "--max-partitions",
            paramLabel = "N",
            description = "Clients make no partition where there are so many. Default: 100,000.")
    private Optional<Integer> partitions = Optional.empty();

    @Option(
            names = "--max-requests-per-second",
            paramLabel = "N",
            description =
                    "So many requests in a second from one identity, over all its connections. Default: any number.")
    private Optional<Integer> requestsPerSecond = Optional.empty();

    @Option(
            names = "--max-in-flight-requests",
            paramLabel = "N",
            description = "So many requests of a connection may wait for their answers. Default: 4,096.")
    private Optional<Integer> inFlightRequests = Optional.empty();

    @Option(
            names = "--max-in-flight-bytes",
            paramLabel = "N",
            description = "So many bytes they may have; then the connection is not read on. Default: 16777216.")
    private Optional<Integer> inFlightBytes = Optional.empty();

    @Option(
            names = "--max-in-flight-bytes-in-all",
            paramLabel = "N",
            description = "So many bytes the requests of all connections may have. Default: an eighth of the heap.")
    private Optional<Long> inFlightBytesInAll = Optional.empty();

    @Option(
            names = "--hello-timeout",
            paramLabel = "TIME",
            description = "How long a connection may take to say who it is, such as PT10S. Default: PT10S.")
    private Optional<Duration> helloTimeout = Optional.empty();

    @Option(
            names = "--idle-timeout",
            paramLabel = "TIME",
            description = "How long nothing may come from a connection. Default: PT1M.")
    private Optional<Duration> idleTimeout = Optional.empty();

    void addTo(ServerConfig.Builder config) {
        connections.ifPresent(config::maxConnections);
        connectionsPerAddress.ifPresent(config::maxConnectionsPerAddress);
        unauthenticated.ifPresent(config::maxUnauthenticated);
        partitions.ifPresent(config::maxPartitions);
        requestsPerSecond.ifPresent(config::maxRequestsPerSecond);
        inFlightRequests.ifPresent(config::maxInFlightRequests);
        inFlightBytes.ifPresent(config::maxInFlightBytes);
        inFlightBytesInAll.ifPresent(config::maxInFlightBytesInAll);
        helloTimeout.ifPresent(config::helloTimeout);
        idleTimeout.ifPresent(config::idleTimeout);
    }
}
