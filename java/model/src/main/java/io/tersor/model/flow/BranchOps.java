package io.tersor.model.flow;

import io.tersor.model.Value;
import io.tersor.tensor.DataType;
import java.util.Map;

/** Branches and optionals. */
final class BranchOps {
    private BranchOps() {}

    static void register(Map<String, FlowOperator> table) {
        table.put("If", BranchOps::branch);
        table.put("Identity", context -> new Value[] {context.memory().retain(context.value(0))});
        table.put("Optional", BranchOps::optional);
        table.put("OptionalHasElement", BranchOps::hasElement);
        table.put("OptionalGetElement", BranchOps::element);
    }

    private static Value[] branch(FlowContext context) {
        return context.run(context.flag(0) ? "then_branch" : "else_branch");
    }

    private static Value[] optional(FlowContext context) {
        if (!context.has(0)) {
            context.require(context.attributes().type("type").isPresent(), "attribute type",
                    "a type where there is no input", "none");
            return new Value[] {Value.empty()};
        }
        context.check(!(context.value(0) instanceof Value.OptionalValue), 0, "a tensor or a sequence");
        return new Value[] {Value.some(context.memory().retain(context.value(0)))};
    }

    /** Since opset 18 the input may be left out, or be what it would hold. */
    private static Value[] hasElement(FlowContext context) {
        boolean has = context.has(0)
                && !(context.value(0) instanceof Value.OptionalValue(var inner) && inner.isEmpty());
        return new Value[] {Value.of(context.scalar(DataType.BOOL, has ? 1 : 0))};
    }

    private static Value[] element(FlowContext context) {
        boolean optional = context.value(0) instanceof Value.OptionalValue;
        Value element = optional ? ((Value.OptionalValue) context.value(0)).value().orElse(Value.empty())
                : context.value(0);
        context.check(!(element instanceof Value.OptionalValue), 0, "an element");
        return new Value[] {context.memory().retain(element)};
    }
}
