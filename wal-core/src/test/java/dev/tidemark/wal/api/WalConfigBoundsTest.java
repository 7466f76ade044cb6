package dev.tidemark.wal.api;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Where each option begins and ends: the bound itself is accepted, the next value is a problem that names the option. */
class WalConfigBoundsTest {

    /** An option, the least and the most that it may be, and the step to the next value outside. */
    record Option<T>(
            String name, BiFunction<WalConfig.Builder, T, WalConfig.Builder> set, T below, T least, T most, T above) {
        WalConfig.Builder with(T value) {
            // Nothing else may be in the way: some options bound one another.
            return set.apply(
                    WalConfig.builder(Path.of("data"))
                            .storeQueueBytes(64L << 30)
                            .partitionQueueBytes(64 << 20)
                            .maxRoundBytes(64 << 10),
                    value);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Option<?>> options() {
        return Stream.of(
                ints("segmentBytes", WalConfig.Builder::segmentBytes, 16 << 10, 1 << 30),
                ints("maxAppendBytes", WalConfig.Builder::maxAppendBytes, 1, 64 << 20),
                ints("maxRoundBytes", WalConfig.Builder::maxRoundBytes, 4 << 10, 64 << 20),
                ints("maxRoundAppends", WalConfig.Builder::maxRoundAppends, 1, 1_000_000),
                ints("flusherThreads", WalConfig.Builder::flusherThreads, 1, 64),
                ints("recoveryThreads", WalConfig.Builder::recoveryThreads, 1, 64),
                ints("openFiles", WalConfig.Builder::openFiles, 16, 1_000_000),
                ints("indexIntervalBytes", WalConfig.Builder::indexIntervalBytes, 512, 1 << 20),
                longs("maxUnforcedBytes", WalConfig.Builder::maxUnforcedBytes, 4 << 10, 1 << 30),
                longs("partitionQueueBytes", WalConfig.Builder::partitionQueueBytes, 64 << 10, 4L << 30),
                longs("reserveBytes", WalConfig.Builder::reserveBytes, 64 << 10, 1 << 30),
                new Option<>(
                        "storeQueueBytes",
                        (builder, bytes) ->
                                builder.partitionQueueBytes(64 << 10).storeQueueBytes(bytes),
                        (64L << 10) - 1,
                        64L << 10,
                        64L << 30,
                        (64L << 30) + 1),
                durations("segmentAge", WalConfig.Builder::segmentAge, Duration.ofSeconds(1), Duration.ofDays(36_500)),
                durations("maxLinger", WalConfig.Builder::maxLinger, Duration.ZERO, Duration.ofSeconds(1)),
                upToAnHour("maxUnforcedAge", WalConfig.Builder::maxUnforcedAge),
                upToAnHour("proofDelay", WalConfig.Builder::proofDelay),
                upToAnHour("appendTimeout", WalConfig.Builder::appendTimeout),
                upToAnHour("lockTimeout", WalConfig.Builder::lockTimeout),
                upToAnHour("closeTimeout", WalConfig.Builder::closeTimeout),
                upToAnHour("slowForce", WalConfig.Builder::slowForce));
    }

    private static Option<Integer> ints(
            String name, BiFunction<WalConfig.Builder, Integer, WalConfig.Builder> set, int least, int most) {
        return new Option<>(name, set, least - 1, least, most, most + 1);
    }

    private static Option<Long> longs(
            String name, BiFunction<WalConfig.Builder, Long, WalConfig.Builder> set, long least, long most) {
        return new Option<>(name, set, least - 1, least, most, most + 1);
    }

    private static Option<Duration> durations(
            String name,
            BiFunction<WalConfig.Builder, Duration, WalConfig.Builder> set,
            Duration least,
            Duration most) {
        return new Option<>(name, set, least.minusNanos(1), least, most, most.plusNanos(1));
    }

    private static Option<Duration> upToAnHour(
            String name, BiFunction<WalConfig.Builder, Duration, WalConfig.Builder> set) {
        return durations(name, set, Duration.ofMillis(1), Duration.ofHours(1));
    }

    @ParameterizedTest
    @MethodSource("options")
    <T> void bounds_areAccepted(Option<T> option) {
        assertThatCode(() -> option.with(option.least).build()).doesNotThrowAnyException();
        assertThatCode(() -> option.with(option.most).build()).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @MethodSource("options")
    <T> void nextValueOutside_isAProblemThatNamesTheOption(Option<T> option) {
        assertProblem(option, option.below);
        // A segment may live for as long as anybody likes.
        if (!option.name.equals("segmentAge")) {
            assertProblem(option, option.above);
        }
    }

    private static <T> void assertProblem(Option<T> option, T value) {
        assertThatThrownBy(() -> option.with(value).build())
                .isInstanceOf(InvalidCallException.class)
                .hasMessageContaining(option.name + "=" + value);
    }
}
