package io.tersor.backend.onednn;

import io.tersor.TersorException;
import io.tersor.ffm.onednn.Dnnl;

/** A call into oneDNN failed; the message names the call and the status. */
public final class OnednnException extends TersorException {
    private static final long serialVersionUID = 1L;

    private OnednnException(String call, int status) {
        super(call + ": " + statusName(status));
    }

    /** Throws unless the status is success. */
    static void check(String call, int status) {
        if (status != Dnnl.dnnl_success()) {
            throw new OnednnException(call, status);
        }
    }

    private static String statusName(int status) {
        if (status == Dnnl.dnnl_out_of_memory()) {
            return "out of memory";
        } else if (status == Dnnl.dnnl_invalid_arguments()) {
            return "invalid arguments";
        } else if (status == Dnnl.dnnl_unimplemented()) {
            return "not implemented";
        } else if (status == Dnnl.dnnl_runtime_error()) {
            return "runtime error";
        } else if (status == Dnnl.dnnl_invalid_shape()) {
            return "invalid shape";
        } else if (status == Dnnl.dnnl_invalid_data_type()) {
            return "invalid data type";
        }
        return "status " + status;
    }
}
