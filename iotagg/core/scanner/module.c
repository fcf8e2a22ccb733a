/* The scanner as Python sees it: iotagg.core._scanner, in the stable ABI of Python 3.11. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

#include "scan.h"

typedef struct {
    PyObject_HEAD
    scanner *scanner;
    scan_layout layout;
    bool scanning; /* on some thread, which has let go of the interpreter's lock */
} ScannerObject;

static int refuse(const char *why)
{
    PyErr_SetString(PyExc_ValueError, why);
    return -1;
}

/* Another thread might scan right now: two would corrupt the sums. */
static int is_free(const ScannerObject *self)
{
    if (!self->scanning)
        return 1;
    PyErr_SetString(PyExc_RuntimeError, "this scanner is scanning on another thread");
    return 0;
}

/* ---- making one ---- */

static int read_key(PyObject *key, scan_layout *layout)
{
    unsigned int at[SCAN_KEY_PARTS];
    if (!PyArg_ParseTuple(key, "III;key wants three positions", &at[0], &at[1], &at[2]))
        return -1;
    for (int part = 0; part < SCAN_KEY_PARTS; part++) {
        if (at[part] >= layout->width)
            return refuse("a position is beyond the width");
        layout->key[part] = at[part];
    }
    return 0;
}

static int read_numbers(PyObject *numbers, scan_layout *layout)
{
    const Py_ssize_t count = PyTuple_Size(numbers);
    if (count < 1 || count > SCAN_MAX_NUMBERS)
        return PyErr_Occurred() ? -1 : refuse("there can be one to eight numbers");
    layout->numbers = (uint32_t)count;
    for (Py_ssize_t at = 0; at < count; at++) {
        unsigned int position, digits, exponent;
        uint64_t scale = 1;
        if (!PyArg_ParseTuple(PyTuple_GetItem(numbers, at), "III;a number wants a position, digits and an exponent",
                              &position, &digits, &exponent))
            return -1;
        if (position >= layout->width)
            return refuse("a position is beyond the width");
        if (digits < 1 || digits > SCAN_MAX_DIGITS || exponent > SCAN_MAX_DIGITS - digits)
            return refuse("a number and its scale have 1 to 18 digits together");
        for (unsigned int power = 0; power < exponent; power++)
            scale *= 10;
        layout->number[at] = position;
        layout->digits[at] = digits;
        layout->scale[at] = scale;
    }
    return 0;
}

static uint64_t seed(void)
{
    /* A hash of bytes depends on a secret of the process (PYTHONHASHSEED). */
    PyObject *bytes = PyBytes_FromString("scanner");
    const Py_hash_t hash = bytes == NULL ? -1 : PyObject_Hash(bytes);
    Py_XDECREF(bytes);
    return (uint64_t)hash;
}

static PyObject *Scanner_new(PyTypeObject *type, PyObject *arguments, PyObject *named)
{
    static char *names[] = {"key", "numbers", "width", "date_ends", NULL};
    PyObject *key, *numbers;
    Py_buffer ends;
    scan_layout layout = {0};
    unsigned int width;
    if (!PyArg_ParseTupleAndKeywords(arguments, named, "$O!O!Iy*:Scanner", names, &PyTuple_Type, &key, &PyTuple_Type,
                                     &numbers, &width, &ends))
        return NULL;
    for (Py_ssize_t at = 0; at < ends.len; at++)
        layout.ends_date[((const uint8_t *)ends.buf)[at]] = 1;
    PyBuffer_Release(&ends);
    layout.width = width;
    if (read_key(key, &layout) < 0 || read_numbers(numbers, &layout) < 0)
        return NULL;

    const uint64_t seeded = seed();
    if (PyErr_Occurred())
        return NULL;
    const allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    ScannerObject *self = (ScannerObject *)allocate(type, 0);
    if (self == NULL)
        return NULL;
    self->layout = layout;
    self->scanning = false;
    self->scanner = scan_new(&layout, seeded);
    if (self->scanner == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static void Scanner_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    scan_free(((ScannerObject *)object)->scanner);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DECREF(type);
}

/* ---- what it does ---- */

PyDoc_STRVAR(scan_doc,
             "scan(text, start, /)\n--\n\n"
             "Add up the rows of the lines from `start` on, until one is met that is not known or not plain.\n\n"
             "Returns how many were added, where that line begins and ends (without its LF; both are the text's length at\n"
             "its end), and source, destination and date where nothing but their being unknown speaks against it, else\n"
             "None. Lets go of the interpreter's lock meanwhile.");

static PyObject *unknown_key(const scan_text parts[SCAN_KEY_PARTS])
{
    if (parts[0].at == NULL)
        Py_RETURN_NONE;
    return Py_BuildValue("y#y#y#", parts[0].at, (Py_ssize_t)parts[0].length, parts[1].at, (Py_ssize_t)parts[1].length,
                         parts[2].at, (Py_ssize_t)parts[2].length);
}

static PyObject *Scanner_scan(ScannerObject *self, PyObject *arguments)
{
    Py_buffer text;
    Py_ssize_t start;
    if (!PyArg_ParseTuple(arguments, "y*n:scan", &text, &start))
        return NULL;
    if (start < 0 || start > text.len || !is_free(self)) {
        PyBuffer_Release(&text);
        if (!PyErr_Occurred())
            refuse("the start is outside of the text");
        return NULL;
    }
    const scan_text given = {text.buf, (size_t)text.len};
    self->scanning = true;
    PyThreadState *lock = PyEval_SaveThread();
    const scan_stop stop = scan_lines(self->scanner, given, (size_t)start);
    PyEval_RestoreThread(lock);
    self->scanning = false;
    const Py_ssize_t begin = stop.line.at == NULL ? text.len : stop.line.at - given.at;
    const Py_ssize_t end = begin + (Py_ssize_t)stop.line.length;
    PyObject *key = unknown_key(stop.unknown);
    PyBuffer_Release(&text);
    return key == NULL ? NULL : Py_BuildValue("KnnN", (unsigned long long)stop.added, begin, end, key);
}

PyDoc_STRVAR(learn_doc,
             "learn(source, destination, date, group, /)\n--\n\n"
             "Add rows with these bytes in them to a group from now on; False when they are too long to be learned.");

static PyObject *Scanner_learn(ScannerObject *self, PyObject *arguments)
{
    scan_text parts[SCAN_KEY_PARTS];
    Py_ssize_t length[SCAN_KEY_PARTS];
    unsigned int group;
    if (!PyArg_ParseTuple(arguments, "y#y#y#I:learn", &parts[0].at, &length[0], &parts[1].at, &length[1], &parts[2].at,
                          &length[2], &group))
        return NULL;
    for (int part = 0; part < SCAN_KEY_PARTS; part++)
        parts[part].length = (size_t)length[part];
    if (!is_free(self))
        return NULL;
    const int learned = scan_learn(self->scanner, parts, group);
    return learned < 0 ? PyErr_NoMemory() : PyBool_FromLong(learned);
}

PyDoc_STRVAR(add_doc,
             "add(group, numbers, /)\n--\n\n"
             "Add one row to a group; `numbers` are below 2**64 and already multiplied with their scales.");

static PyObject *Scanner_add(ScannerObject *self, PyObject *arguments)
{
    unsigned int group;
    PyObject *given;
    uint64_t numbers[SCAN_MAX_NUMBERS];
    if (!PyArg_ParseTuple(arguments, "IO!:add", &group, &PyTuple_Type, &given))
        return NULL;
    if (PyTuple_Size(given) != (Py_ssize_t)self->layout.numbers) {
        refuse("as many numbers are wanted as a row has");
        return NULL;
    }
    for (uint32_t at = 0; at < self->layout.numbers; at++) {
        numbers[at] = PyLong_AsUnsignedLongLong(PyTuple_GetItem(given, at));
        if (PyErr_Occurred())
            return NULL;
    }
    if (!is_free(self))
        return NULL;
    if (scan_add(self->scanner, group, numbers) < 0)
        return PyErr_NoMemory();
    Py_RETURN_NONE;
}

/* Limbs of 64 bits, the lowest first, as one integer. */
static PyObject *from_limbs(const uint64_t *limbs, int count)
{
    while (count > 1 && limbs[count - 1] == 0)
        count--;
    PyObject *whole = PyLong_FromUnsignedLongLong(limbs[--count]);
    PyObject *bits = count > 0 && whole != NULL ? PyLong_FromLong(64) : NULL;
    while (count > 0 && whole != NULL && bits != NULL) {
        PyObject *shifted = PyNumber_Lshift(whole, bits);
        PyObject *limb = PyLong_FromUnsignedLongLong(limbs[--count]);
        Py_DECREF(whole);
        whole = shifted == NULL || limb == NULL ? NULL : PyNumber_Or(shifted, limb);
        Py_XDECREF(shifted);
        Py_XDECREF(limb);
    }
    Py_XDECREF(bits);
    return whole;
}

PyDoc_STRVAR(sums_doc,
             "sums(group, /)\n--\n\n"
             "Return a group's number of rows and, for each number, its sum and its sum of squares.");

static PyObject *Scanner_sums(ScannerObject *self, PyObject *arguments)
{
    unsigned int group;
    uint64_t rows;
    if (!PyArg_ParseTuple(arguments, "I:sums", &group) || !is_free(self))
        return NULL;
    const scan_sums *sums = scan_group(self->scanner, group, &rows);
    if (sums == NULL) {
        PyErr_SetString(PyExc_IndexError, "there is no such group");
        return NULL;
    }
    PyObject *list = PyList_New(1 + 2 * (Py_ssize_t)self->layout.numbers);
    if (list == NULL)
        return NULL;
    /* A list takes NULL for a value that could not be made; the error is set then. */
    PyList_SetItem(list, 0, PyLong_FromUnsignedLongLong(rows));
    for (uint32_t at = 0; at < self->layout.numbers; at++) {
        PyList_SetItem(list, 1 + 2 * (Py_ssize_t)at, from_limbs(sums[at].sum, 2));
        PyList_SetItem(list, 2 + 2 * (Py_ssize_t)at, from_limbs(sums[at].squares, 3));
    }
    if (PyErr_Occurred())
        Py_CLEAR(list);
    return list;
}

PyDoc_STRVAR(forget_doc, "forget()\n--\n\nForget every key, but no sum.");

static PyObject *Scanner_forget(ScannerObject *self, PyObject *Py_UNUSED(none))
{
    if (!is_free(self))
        return NULL;
    scan_forget(self->scanner);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(known_doc, "known()\n--\n\nReturn how many keys are known.");

static PyObject *Scanner_known(ScannerObject *self, PyObject *Py_UNUSED(none))
{
    return is_free(self) ? PyLong_FromSize_t(scan_known(self->scanner)) : NULL;
}

static PyMethodDef scanner_methods[] = {
    {"scan", (PyCFunction)Scanner_scan, METH_VARARGS, scan_doc},
    {"learn", (PyCFunction)Scanner_learn, METH_VARARGS, learn_doc},
    {"add", (PyCFunction)Scanner_add, METH_VARARGS, add_doc},
    {"sums", (PyCFunction)Scanner_sums, METH_VARARGS, sums_doc},
    {"forget", (PyCFunction)Scanner_forget, METH_NOARGS, forget_doc},
    {"known", (PyCFunction)Scanner_known, METH_NOARGS, known_doc},
    {NULL, NULL, 0, NULL},
};

PyDoc_STRVAR(scanner_doc,
             "Scanner(*, key, numbers, width, date_ends)\n--\n\n"
             "Adds up the rows of CSV text whose keys it was taught.\n\n"
             "`key` holds the positions of source, destination and timestamp, `numbers` for each number its position,\n"
             "the digits a plain one may have, and the power of ten it is multiplied with. A row has `width` fields or\n"
             "one more. The date ends where one of the bytes `date_ends` stands.");

static PyType_Slot scanner_slots[] = {
    {Py_tp_doc, (void *)scanner_doc},
    {Py_tp_new, Scanner_new},
    {Py_tp_dealloc, Scanner_dealloc},
    {Py_tp_methods, scanner_methods},
    {0, NULL},
};

static PyType_Spec scanner_spec = {
    .name = "iotagg.core._scanner.Scanner",
    .basicsize = sizeof(ScannerObject),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = scanner_slots,
};

static int add_type(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&scanner_spec);
    const int added = type == NULL ? -1 : PyModule_AddType(module, (PyTypeObject *)type);
    Py_XDECREF(type);
    return added;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, add_type},
    {0, NULL},
};

static PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "iotagg.core._scanner",
    .m_doc = "A scanner of CSV lines that knows no rules; without it, iotagg.core reads with Python alone.",
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__scanner(void)
{
    return PyModuleDef_Init(&module_definition);
}
