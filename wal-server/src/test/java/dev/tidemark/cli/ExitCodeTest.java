package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.Damage;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.UnavailableException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ExitCodeTest {

    @Test
    void numbers_areDifferent() {
        assertThat(Arrays.stream(ExitCode.values()).map(ExitCode::number)).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @EnumSource
    void everyErrorOfTheEngine_endsWithAnErrorAndAnAdvice(ErrorCode code) {
        UnavailableException error = new UnavailableException(code, "x");

        assertThat(ExitCode.of(error)).isNotIn(ExitCode.OK, ExitCode.PIPE_CLOSED, ExitCode.INTERRUPTED);
        assertThat(Advice.on(error)).isNotEmpty();
    }

    @Test
    void whatIsKnownOfTheAppend_decides() {
        assertThat(ExitCode.of(new AppendRefusedException(ErrorCode.STORAGE_FULL, "x")))
                .isEqualTo(ExitCode.REFUSED);
        assertThat(ExitCode.of(new OutcomeUnknownException(ErrorCode.WAIT_TIMEOUT, "x", 7, null)))
                .isEqualTo(ExitCode.UNKNOWN);
        assertThat(ExitCode.of(new StorageException(ErrorCode.STORAGE_FAILED, "x")))
                .isEqualTo(ExitCode.FAILED);
    }

    @Test
    void damage_isToldFromWhatCouldNotBeRead() {
        Damage place = new Damage("orders-0", "file", 0, 0, 1);

        assertThat(ExitCode.of(new DamageException(ErrorCode.SEGMENT_CORRUPT, "x", place, null)))
                .isEqualTo(ExitCode.DAMAGED);
        assertThat(ExitCode.of(new DamageException(ErrorCode.SEGMENT_UNREADABLE, "x", place, null)))
                .isEqualTo(ExitCode.UNREADABLE);
    }
}
