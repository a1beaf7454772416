/** What the console says of customers, visits and what follows from them, in English. */
import type { customers as zh } from "../zh/customers.ts";

export const customers: typeof zh = {
  customers: {
    menu: "Customers",
    title: "Customers",
    find: "Number, name, pinyin, phone, meter, address (two characters at least)",
    number: "Number",
    name: "Name",
    category: "Class",
    phone: "Phone",
    address: "Address",
    visits: "Visits",
    jobs: "Jobs",
    items: "Complaints",
    responses: "Answers",
    history: "History",
    points: "Service points",
  },
  visits: {
    menu: "Visits",
    returns: "Return visits",
    returnsWhy:
      "Somebody who did not do the work asks the customer; satisfied closes the job, not satisfied " +
      "begins its next round.",
    about: "About",
    asked: "Questions",
    askedWhy:
      "These records raise questions for a call-back; the grade informs and never punishes by itself.",
    why: "Why",
    title: "Visits",
    overdue: "Overdue visits",
    items: "Complaints",
    representative: "Representative",
    due: "Due on",
    customer: "Customer",
    theme: "Theme",
    state: "State",
    owner: "Owner",
  },
  item: {
    title: "Dissatisfied item",
    another:
      "Whoever resolved it does not close it: a colleague asks the customer and closes it; where there " +
      "is nobody else, the unit above",
  },
  calls: {
    title: "Call-backs by lot",
    why:
      "Finished visits are drawn by a seed and their customers are called; with the same seed anybody " +
      "draws the same visits again.",
    days: "Days of the visits",
    count: "How many",
    draw: "Draw",
    sample: "Sample",
    seed: "Seed",
    summary: "What was recorded",
    outcome: "What the customer says",
    said: "In the customer's words",
    confirmed: "As recorded",
    denied: "Not so",
    unreachable: "Not reached",
  },
};
