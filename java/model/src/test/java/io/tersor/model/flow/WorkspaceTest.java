package io.tersor.model.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.TersorException;
import io.tersor.model.Value;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class WorkspaceTest {
    private static Tensor floats(Workspace workspace, long count) {
        return workspace.allocate(DataType.F32, Shape.of(count));
    }

    @Test
    void memoryIsUsedAgainWithoutReferencesOnly() {
        try (Workspace workspace = new Workspace(false, 1 << 20)) {
            Tensor first = floats(workspace, 100);
            Value sequence = workspace.retain(Value.of(DataType.F32, List.of(first)));
            workspace.release(first);
            assertNotEquals(first.data().address(), floats(workspace, 100).data().address());
            workspace.release(Value.some(sequence));
            assertEquals(first.data().address(), floats(workspace, 97).data().address());
        }
    }

    @Test
    void viewsCountForTheirMemory() {
        try (Workspace workspace = new Workspace(false, 1 << 20)) {
            Tensor tensor = floats(workspace, 64);
            workspace.retain(tensor.reshape(Shape.of(8, 8)));
            workspace.release(tensor);
            assertEquals(256, workspace.liveBytes());
            workspace.release(tensor.reshape(Shape.of(64, 1)));
            assertEquals(0, workspace.liveBytes());
            workspace.release(tensor);
            assertEquals(0, workspace.liveBytes());
        }
    }

    @Test
    void growingValuesFindMemoryAgain() {
        try (Workspace workspace = new Workspace(false, 1 << 20)) {
            java.util.Set<Long> addresses = new java.util.HashSet<>();
            for (int i = 1; i <= 1000; i++) {
                Tensor tensor = floats(workspace, i);
                addresses.add(tensor.data().address());
                workspace.release(tensor);
            }
            assertTrue(addresses.size() < 40, addresses.size() + " blocks");
        }
    }

    @Test
    void theLimitHolds() {
        try (Workspace workspace = new Workspace(true, 1024)) {
            Tensor tensor = floats(workspace, 256);
            assertThrows(TersorException.class, () -> floats(workspace, 1));
            workspace.release(tensor);
            floats(workspace, 128);
            assertThrows(TersorException.class, () -> floats(workspace, Long.MAX_VALUE / 2));
        }
    }
}
