/* Events of code that is not Python's (PEP 669). */
#ifndef Py_MONITORING_H
#define Py_MONITORING_H

#ifndef Py_LIMITED_API
#define PY_MONITORING_EVENT_PY_START 0
#define PY_MONITORING_EVENT_PY_RESUME 1
#define PY_MONITORING_EVENT_PY_RETURN 2
#define PY_MONITORING_EVENT_PY_YIELD 3
#define PY_MONITORING_EVENT_CALL 4
#define PY_MONITORING_EVENT_LINE 5
#define PY_MONITORING_EVENT_INSTRUCTION 6
#define PY_MONITORING_EVENT_JUMP 7
#define PY_MONITORING_EVENT_BRANCH_LEFT 8
#define PY_MONITORING_EVENT_BRANCH_RIGHT 9
#define PY_MONITORING_EVENT_STOP_ITERATION 10
#define PY_MONITORING_EVENT_RAISE 11
#define PY_MONITORING_EVENT_EXCEPTION_HANDLED 12
#define PY_MONITORING_EVENT_PY_UNWIND 13
#define PY_MONITORING_EVENT_PY_THROW 14
#define PY_MONITORING_EVENT_RERAISE 15
#define PY_MONITORING_EVENT_C_RETURN 16
#define PY_MONITORING_EVENT_C_RAISE 17
#define PY_MONITORING_EVENT_BRANCH 18
/* Events that code has switches for. */
#define PY_MONITORING_IS_INSTRUMENTED_EVENT(event) ((event) < PY_MONITORING_EVENT_STOP_ITERATION)

struct PyMonitoringState {
    uint8_t active;
    uint8_t opaque;
};

/* Tells of an event if somebody wants to know; -1 with the exception that came of it. */
static inline int PyMonitoring_FirePyStartEvent(PyMonitoringState *state, PyObject *code, int32_t offset)
{
    return state->active ? _PyMonitoring_FirePyStartEvent(state, code, offset) : 0;
}
static inline int PyMonitoring_FirePyResumeEvent(PyMonitoringState *state, PyObject *code, int32_t offset)
{
    return state->active ? _PyMonitoring_FirePyResumeEvent(state, code, offset) : 0;
}
static inline int PyMonitoring_FirePyReturnEvent(PyMonitoringState *state, PyObject *code, int32_t offset, PyObject *value)
{
    return state->active ? _PyMonitoring_FirePyReturnEvent(state, code, offset, value) : 0;
}
static inline int PyMonitoring_FirePyYieldEvent(PyMonitoringState *state, PyObject *code, int32_t offset, PyObject *value)
{
    return state->active ? _PyMonitoring_FirePyYieldEvent(state, code, offset, value) : 0;
}
static inline int PyMonitoring_FireCallEvent(PyMonitoringState *state, PyObject *code, int32_t offset, PyObject *callable, PyObject *first)
{
    return state->active ? _PyMonitoring_FireCallEvent(state, code, offset, callable, first) : 0;
}
static inline int PyMonitoring_FireLineEvent(PyMonitoringState *state, PyObject *code, int32_t offset, int line)
{
    return state->active ? _PyMonitoring_FireLineEvent(state, code, offset, line) : 0;
}
static inline int PyMonitoring_FireJumpEvent(PyMonitoringState *state, PyObject *code, int32_t offset, PyObject *target)
{
    return state->active ? _PyMonitoring_FireJumpEvent(state, code, offset, target) : 0;
}
static inline int PyMonitoring_FireBranchEvent(PyMonitoringState *state, PyObject *code, int32_t offset, PyObject *target)
{
    return state->active ? _PyMonitoring_FireBranchEvent(state, code, offset, target) : 0;
}
static inline int PyMonitoring_FireBranchLeftEvent(PyMonitoringState *state, PyObject *code, int32_t offset, PyObject *target)
{
    return state->active ? _PyMonitoring_FireBranchLeftEvent(state, code, offset, target) : 0;
}
static inline int PyMonitoring_FireBranchRightEvent(PyMonitoringState *state, PyObject *code, int32_t offset, PyObject *target)
{
    return state->active ? _PyMonitoring_FireBranchRightEvent(state, code, offset, target) : 0;
}
static inline int PyMonitoring_FireCReturnEvent(PyMonitoringState *state, PyObject *code, int32_t offset, PyObject *value)
{
    return state->active ? _PyMonitoring_FireCReturnEvent(state, code, offset, value) : 0;
}
static inline int PyMonitoring_FirePyThrowEvent(PyMonitoringState *state, PyObject *code, int32_t offset)
{
    return state->active ? _PyMonitoring_FirePyThrowEvent(state, code, offset) : 0;
}
static inline int PyMonitoring_FireRaiseEvent(PyMonitoringState *state, PyObject *code, int32_t offset)
{
    return state->active ? _PyMonitoring_FireRaiseEvent(state, code, offset) : 0;
}
static inline int PyMonitoring_FireReraiseEvent(PyMonitoringState *state, PyObject *code, int32_t offset)
{
    return state->active ? _PyMonitoring_FireReraiseEvent(state, code, offset) : 0;
}
static inline int PyMonitoring_FireExceptionHandledEvent(PyMonitoringState *state, PyObject *code, int32_t offset)
{
    return state->active ? _PyMonitoring_FireExceptionHandledEvent(state, code, offset) : 0;
}
static inline int PyMonitoring_FireCRaiseEvent(PyMonitoringState *state, PyObject *code, int32_t offset)
{
    return state->active ? _PyMonitoring_FireCRaiseEvent(state, code, offset) : 0;
}
static inline int PyMonitoring_FirePyUnwindEvent(PyMonitoringState *state, PyObject *code, int32_t offset)
{
    return state->active ? _PyMonitoring_FirePyUnwindEvent(state, code, offset) : 0;
}
static inline int PyMonitoring_FireStopIterationEvent(PyMonitoringState *state, PyObject *code, int32_t offset, PyObject *value)
{
    return state->active ? _PyMonitoring_FireStopIterationEvent(state, code, offset, value) : 0;
}
#endif

#endif
