package dev.tidemark.wal.partition;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class LogStageTest {

    @Test
    void stageOfTheLog_isSettledByNobodyElse() {
        LogStage stage = new LogStage(false);

        stage.obtrudeException(new IllegalStateException());
        stage.obtrudeValue(1L);
        CompletableFuture<Long> same = stage.completeAsync(() -> 2L);
        assertThat(same).isSameAs(stage).isNotDone();

        stage.settle(3);
        stage.obtrudeException(new IllegalStateException());
        assertThat(stage).isCompletedWithValue(3L);
        assertThat(stage.toCompletableFuture()).isNotSameAs(stage);
    }

    @Test
    void stageOfACaller_isHisToSettle() {
        LogStage completed = new LogStage(true);
        assertThat(completed.completeAsync(() -> 2L, Runnable::run)).isSameAs(completed);
        assertThat(completed).isCompletedWithValue(2L);
        completed.obtrudeValue(4L);
        assertThat(completed).isCompletedWithValue(4L);
        assertThat(completed.toCompletableFuture()).isSameAs(completed);

        LogStage failed = new LogStage(true);
        assertThat(failed.completeExceptionally(new IllegalStateException("first")))
                .isTrue();
        failed.obtrudeException(new IllegalStateException("second"));
        assertThat(failed.handle((value, cause) -> cause.getMessage())).isCompletedWithValue("second");

        LogStage later = new LogStage(true);
        assertThat(later.completeAsync(() -> 5L))
                .succeedsWithin(java.time.Duration.ofSeconds(60))
                .isEqualTo(5L);
    }
}
